/** The memory of the last minute as a small curve. Its words are beside it. */
import { SAMPLES_MAX } from '../stores/process-store.ts'

const WIDTH = 40
const HEIGHT = 12

export const sparkPath = (samples: readonly number[]): string => {
  const top = Math.max(1, ...samples)
  const step = WIDTH / (SAMPLES_MAX - 1)
  const start = WIDTH - (samples.length - 1) * step
  return samples
    .map(
      (bytes, at) =>
        `${at === 0 ? 'M' : 'L'}${(start + at * step).toFixed(1)} ${(HEIGHT - 1 - (bytes / top) * (HEIGHT - 3)).toFixed(1)}`,
    )
    .join('')
}

export const Spark = ({ samples }: { samples: readonly number[] }) => (
  <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
    {samples.length > 1 ? <path d={sparkPath(samples)} /> : null}
  </svg>
)
