/**
 * Tables of numbers (`export const THREAD = { WAKE: 0, … } as const`) as what they mean: esbuild puts the members of an enum in the
 * place of their names, also across modules. The sources keep to what is erased, so it is done here.
 *
 * Invariant: only tables whose members are whole numbers or shifts of them, and that nobody lists, spreads or hands on as a whole:
 * an enum would list its numbers as names too.
 */
import { readFile } from 'node:fs/promises'

const TABLE = /^(export )?const ([A-Z][A-Z0-9_]*) = \{([^{}]*)\} as const$/gm
const MEMBER = /^([A-Z][A-Z0-9_]*|'[A-Z0-9_]+'): (-?(?:0o|0x)?[\da-fA-F_]+(?: << \d+)?)$/
/** Listed or handed on as a whole somewhere. */
const KEPT = new Set(['SIGNAL', 'WHENCE', 'WHENCE_UNSTABLE', 'DEVICE'])

/** The source with its tables as enums. @param {string} source */
export function inlineConstants(source) {
  return source.replaceAll(TABLE, (whole, exported = '', name, body) => {
    if (KEPT.has(name)) return whole
    const members = body
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      .split(',')
      .map((/** @type {string} */ member) => member.trim())
      .filter(Boolean)
      .map((/** @type {string} */ member) => MEMBER.exec(member))
    if (members.length === 0 || members.includes(null)) return whole
    const list = members.map((/** @type {RegExpExecArray} */ [, key, value]) => `${key} = ${value}`)
    return `${exported}enum ${name} { ${list.join(', ')} }`
  })
}

/** @type {import('esbuild').Plugin} */
export const constants = {
  name: 'constants',
  setup(builder) {
    builder.onLoad(
      { filter: /[\\/]src[\\/](abi|memory|vfs|objects|process|kernel|lib)[\\/][^\\/]*\.ts$/ },
      async ({ path }) => ({
        contents: inlineConstants(await readFile(path, 'utf8')),
        loader: 'ts',
      }),
    )
  },
}
