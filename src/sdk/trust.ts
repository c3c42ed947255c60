/**
 * `wasmrun.trust`: whether what is open is sealed, which is what a project is that came from a link and that nobody has trusted yet.
 * It runs with the strict limits, and gets no folder of the disk.
 *
 * Invariant: a seal is on before anything of the project runs, and only the user's word lifts it.
 */
import { ERRNO, SysError } from '../abi/errno.ts'

export interface Trust {
  readonly isSealed: boolean
  /** Seals what is open, or what is opened next, and keeps that with the project. @throws EBUSY while a folder of the disk is in step */
  seal(): Promise<void>
  /** The user trusts it: processes that start from now on have the limits of the settings. Kept with the project. */
  lift(): Promise<void>
}

export interface TrustPart {
  api: Trust
  isSealed(): boolean
  /** As a project that was opened says. */
  put(isSealed: boolean): Promise<void>
  /** @throws SysError EPERM for what a sealed project does not get */
  refuse(what: string): void
}

export interface TrustOptions {
  /** Gives the limits to the machine. */
  apply: () => Promise<void>
  /** Keeps it with the project, if one is open. */
  keep: (isSealed: boolean) => Promise<void>
  hasFolder: () => boolean
  emit: (state: { isSealed: boolean }) => void
}

export const createTrust = ({ apply, keep, hasFolder, emit }: TrustOptions): TrustPart => {
  let isSealed = false
  const put = async (next: boolean): Promise<void> => {
    if (isSealed === next) return
    isSealed = next
    await apply()
    emit({ isSealed })
  }
  return {
    api: {
      get isSealed() {
        return isSealed
      },
      seal: async () => {
        if (hasFolder()) throw new SysError(ERRNO.BUSY, 'folder', 'disconnect the folder of the disk first')
        await put(true)
        await keep(true)
      },
      lift: async () => {
        await keep(false)
        await put(false)
      },
    },
    isSealed: () => isSealed,
    put,
    refuse: (what) => {
      if (isSealed) throw new SysError(ERRNO.PERM, what, 'the project is sealed; trust it first')
    },
  }
}
