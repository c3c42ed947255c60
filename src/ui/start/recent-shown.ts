/** Kept projects on the board; all of them are in the storage page. */
export const RECENT_SHOWN = 4
