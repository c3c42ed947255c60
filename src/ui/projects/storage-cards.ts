/** What is said when the storage fails under an open project, with the next step. Fetched with the first project, so that it is there. */
import type { Card, NoticeAction } from '../stores/notice-store.ts'

export interface StorageActs {
  saveAgain(): void
  zip(): void
  persist(): void
  see(): void
}

const zipAction = ({ zip }: StorageActs): NoticeAction => ({ label: 'Save as .zip', run: zip })

export const fullCard = (message: string, acts: StorageActs): Card => ({
  title: 'This browser gives the page no more room',
  facts: [
    { name: 'Cause', text: message },
    {
      name: 'Kept',
      text: 'What changed since the last save is in this tab only. It is saved as soon as there is room.',
    },
  ],
  actions: [{ label: 'See what takes space', primary: true, run: acts.see }, zipAction(acts)],
  detail: '',
})

export const clearedCard = (name: string, acts: StorageActs): Card => ({
  title: 'The browser has cleared what this page kept',
  facts: [
    {
      name: 'Cause',
      text: 'Its site data was deleted: by you, by an extension, or because the disk was full.',
    },
    {
      name: 'Next',
      text: `Your files are still here in this tab, and ${name} is being saved again. Other projects that were kept are gone; runtimes are fetched again when they are needed.`,
    },
  ],
  actions: [
    { label: 'Save again', primary: true, run: acts.saveAgain },
    zipAction(acts),
    { label: 'Ask it to keep everything', run: acts.persist },
  ],
  detail: '',
})
