/** What must arrive before each part of the machine starts, against its budget: the figures of the build that is measured. */
import { readFile } from 'node:fs/promises'
import { checkBudgets } from '../tools/budgets.mjs'
import { atMost, type Row } from './report.ts'

const KIB = 1024

export const weightRows = async (): Promise<Row[]> => {
  const { weights } = checkBudgets(JSON.parse(await readFile('dist/build.json', 'utf8')))
  return weights.map(({ part, bytes, limit }) => ({
    what: `weight of ${part === 'page' ? 'the page' : `the part ${part}`}`,
    detail: `${bytes} bytes, gzipped`,
    value: bytes / KIB,
    unit: 'KiB',
    target: atMost(limit / KIB),
  }))
}
