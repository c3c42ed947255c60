/** Whether Cmd is the key that Ctrl is elsewhere. */
export const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
