/**
 * The peers' side: one run of a WASI program on another implementation, each on the filesystem in memory that it brings. A
 * worker of the page serves one run and is thrown away, as a process worker of ours is.
 */
import {
  Directory,
  Fd,
  File,
  type Inode,
  PreopenDirectory,
  WASI as ShimWasi,
} from '@bjorn3/browser_wasi_shim'
import { WASI as RunnoWasi, type WASIFS } from '@runno/wasi'
import { expose } from '../../src/ipc/rpc.ts'
import type { Tree } from '../page/tree.ts'

export type Peer = 'shim' | 'runno'

export interface PeerApi {
  /** What the program printed. @throws Error when it ends with another exit code than 0. */
  run(peer: Peer, program: WebAssembly.Module, args: string[], tree: Tree): Promise<string>
}

/** Standard output of the shim: its own ConsoleStdout answers isatty, which a pipe of ours does not. */
class Sink extends Fd {
  text = ''
  override fd_write(data: Uint8Array): { ret: number; nwritten: number } {
    this.text += new TextDecoder().decode(data)
    return { ret: 0, nwritten: data.length }
  }
}

const shimDirectory = (tree: Tree): Map<string, Inode> => {
  const entries = new Map<string, Inode>()
  for (const [name, node] of Object.entries(tree)) {
    entries.set(name, node instanceof Uint8Array ? new File(node) : new Directory(shimDirectory(node)))
  }
  return entries
}

const runShim = async (program: WebAssembly.Module, args: string[], tree: Tree): Promise<string> => {
  const [out, err] = [new Sink(), new Sink()]
  const wasi = new ShimWasi(
    args,
    [],
    [new Sink(), out, err, new PreopenDirectory('/', shimDirectory(tree))],
    {
      // Unless told, it logs every path to the console, which is 100 times what the call itself costs.
      debug: false,
    },
  )
  const imports = { wasi_snapshot_preview1: wasi.wasiImport as WebAssembly.ModuleImports }
  const instance = await WebAssembly.instantiate(program, imports)
  return finished(wasi.start(instance as Parameters<typeof wasi.start>[0]), out.text, err.text)
}

const runnoFiles = (tree: Tree, prefix = '/', files: WASIFS = {}): WASIFS => {
  const now = new Date()
  for (const [name, node] of Object.entries(tree)) {
    const path = prefix + name
    if (!(node instanceof Uint8Array)) runnoFiles(node, `${path}/`, files)
    else {
      const timestamps = { access: now, modification: now, change: now }
      files[path] = { path, timestamps, mode: 'binary', content: node }
    }
  }
  return files
}

const runRunno = async (program: WebAssembly.Module, args: string[], tree: Tree): Promise<string> => {
  let [out, err] = ['', '']
  const wasi = new RunnoWasi({
    fs: runnoFiles(tree),
    args,
    stdout: (text) => {
      out += text
    },
    stderr: (text) => {
      err += text
    },
  })
  const imports = wasi.getImportObject() as unknown as WebAssembly.Imports
  const instance = await WebAssembly.instantiate(program, imports)
  return finished(wasi.start({ module: program, instance }).exitCode, out, err)
}

const finished = (code: number, out: string, err: string): string => {
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`)
  return out
}

const api: PeerApi = {
  run: (peer, program, args, tree) => (peer === 'shim' ? runShim : runRunno)(program, args, tree),
}
expose(api, self as unknown as MessagePort)
