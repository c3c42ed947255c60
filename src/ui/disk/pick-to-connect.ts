/** Asks for the folder that the open project is to be in step with. From a click. */
import type { Ui } from '../ui.ts'

export const pickToConnect = async ({ disk, stores }: Ui, readonly: boolean): Promise<void> => {
  try {
    const mode = readonly ? 'read' : 'readwrite'
    await disk.connect(readonly, await window.showDirectoryPicker({ id: 'project', mode }))
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return
    stores.notices.apply({
      type: 'toast',
      kind: 'fault',
      text: 'The browser did not open the folder. Choose one that holds no system files.',
    })
  }
}
