/**
 * A hidden first run of a WASI module in a world of its own that is thrown away: @bjorn3/browser_wasi_shim's, over plain memory,
 * with no files and no output. It makes the engine compile what every start of the runtime needs; the browser keeps that
 * code with the module, so the next instance of it starts at full speed.
 *
 * Invariant: nothing of the machine is attached yet, and nothing of the run is left behind.
 */
import { Fd, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim'
import type { WarmRecipe } from '../abi/control.ts'
import { ERRNO } from '../abi/errno.ts'

/** End of file to read; writes go nowhere. */
class Silent extends Fd {
  override fd_read(): { ret: number; data: Uint8Array } {
    return { ret: ERRNO.SUCCESS, data: new Uint8Array(0) }
  }
  override fd_write(data: Uint8Array): { ret: number; nwritten: number } {
    return { ret: ERRNO.SUCCESS, nwritten: data.length }
  }
}

/** Runs it to its end. A run that fails has still warmed what it reached, so its error is of no interest. */
export const warm = (module: WebAssembly.Module, { args, env }: Pick<WarmRecipe, 'args' | 'env'>): void => {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const world = [new Silent(), new Silent(), new Silent(), new PreopenDirectory('/', new Map())]
  const wasi = new WASI(args, variables, world, { debug: false })
  try {
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport })
    // Only the recipe of a command module asks for this.
    wasi.start(instance as unknown as Parameters<WASI['start']>[0])
  } catch {
    // Nothing was lost but the time.
  }
}
