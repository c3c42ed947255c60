/** Where a key leads in a table of `count` rows, or -1 when it is no key of the table. */
export const gridKey = (key: string, at: number, count: number): number => {
  if (key === 'ArrowDown') return Math.min(count - 1, at + 1)
  if (key === 'ArrowUp') return Math.max(0, at - 1)
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return -1
}
