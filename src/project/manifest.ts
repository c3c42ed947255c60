/** Values from JSON and TOML files, which can be anything: what is not of the wanted shape is as good as missing. */

export function asRecord(value: unknown): Record<string, unknown> {
  // an object from a parser; its properties stay unknown
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function asStrings(value: unknown): string[] {
  return asList(value).filter((item) => typeof item === 'string')
}
