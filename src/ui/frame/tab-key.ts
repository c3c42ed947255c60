/** Where an arrow key leads in a row of `count` tabs, or -1 when the key is none. */
export const tabKey = (key: string, at: number, count: number): number => {
  if (key === 'ArrowRight') return (at + 1) % count
  if (key === 'ArrowLeft') return (at - 1 + count) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return -1
}
