/**
 * How the versions of a language are numbered, and which of its lines are long-term support. Data only; dates are those of
 * nodejs/Release (schedule.json). Go, Rust and Python have no such lines: there the newest is what one runs.
 */

export interface LongTerm {
  /** first number of its versions */
  readonly major: number
  /** lower case, as in `lts/iron`; '' where it has no name yet */
  readonly codename: string
  /** the day from which it is long-term support, and the day after which nobody mends it */
  readonly since: string
  readonly until: string
}

export interface Product {
  readonly id: 'node' | 'python' | 'go' | 'rust'
  readonly name: string
  /** its keys in catalogues of runtimes */
  readonly runtimes: readonly string[]
  readonly scheme: 'semver' | 'pep440'
  readonly longTerm: readonly LongTerm[]
}

const line = (major: number, codename: string, since: string, until: string): LongTerm => ({
  major,
  codename,
  since,
  until,
})

export const PRODUCTS: Readonly<Record<Product['id'], Product>> = {
  node: {
    id: 'node',
    name: 'Node.js',
    runtimes: ['nodejs', 'node'],
    scheme: 'semver',
    longTerm: [
      line(4, 'argon', '2015-10-12', '2018-04-30'),
      line(6, 'boron', '2016-10-18', '2019-04-30'),
      line(8, 'carbon', '2017-10-31', '2019-12-31'),
      line(10, 'dubnium', '2018-10-30', '2021-04-30'),
      line(12, 'erbium', '2019-10-21', '2022-04-30'),
      line(14, 'fermium', '2020-10-27', '2023-04-30'),
      line(16, 'gallium', '2021-10-26', '2023-09-11'),
      line(18, 'hydrogen', '2022-10-25', '2025-04-30'),
      line(20, 'iron', '2023-10-24', '2026-04-30'),
      line(22, 'jod', '2024-10-29', '2027-04-30'),
      line(24, 'krypton', '2025-10-28', '2028-04-30'),
      line(26, '', '2026-10-28', '2029-04-30'),
    ],
  },
  python: { id: 'python', name: 'Python', runtimes: ['python'], scheme: 'pep440', longTerm: [] },
  go: { id: 'go', name: 'Go', runtimes: ['go'], scheme: 'semver', longTerm: [] },
  rust: { id: 'rust', name: 'Rust', runtimes: ['rust'], scheme: 'semver', longTerm: [] },
}

/** The product whose versions a project of that language names; undefined where it names none. */
export function productOf(language: string): Product | undefined {
  if (language === 'javascript') return PRODUCTS.node
  if (language === 'python' || language === 'go' || language === 'rust') return PRODUCTS[language]
  return language === 'tinygo' ? PRODUCTS.go : undefined
}
