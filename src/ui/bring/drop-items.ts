/**
 * What was dropped, taken out of the event at once: after it has returned the items are empty, and the code that reads them
 * may not have arrived yet.
 */
import type { DropItem } from '../../project/drop.ts'

export const takeDropItems = (items: DataTransferItemList): DropItem[] =>
  Array.from(items, (item) => {
    const file = item.kind === 'file' ? item.getAsFile() : null
    // the entry types of DOM and of the reader differ in name only
    const entry = (item.webkitGetAsEntry?.() ?? null) as ReturnType<NonNullable<DropItem['webkitGetAsEntry']>>
    const handle =
      item.kind === 'file' && 'getAsFileSystemHandle' in item ? item.getAsFileSystemHandle() : undefined
    // asked for now, looked at later: nobody must hear of a refusal before
    handle?.catch(() => undefined)
    return {
      kind: item.kind,
      getAsFile: () => file,
      webkitGetAsEntry: () => entry,
      ...(handle ? { getAsFileSystemHandle: () => handle } : {}),
    }
  })
