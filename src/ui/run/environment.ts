/** Variables as a user writes them: one NAME=value a line; lines with # are notes. Pure. */

export interface Environment {
  readonly env: Record<string, string>
  /** What is wrong, with its line, or ''. Sound lines count all the same. */
  readonly problem: string
}

export const envText = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

export const parseEnv = (text: string): Environment => {
  const env: Record<string, string> = {}
  let problem = ''
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const at = line.indexOf('=')
    const name = line.slice(0, at).trim()
    if (at > 0 && /^[^\s=]+$/.test(name) && !line.includes('\0')) env[name] = line.slice(at + 1)
    else problem ||= `Line ${index + 1} is no NAME=value: ${line.trim().slice(0, 40)}`
  }
  return { env, problem }
}
