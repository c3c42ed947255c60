/** The page's pictograms, drawn on a 16 × 16 grid with a 1.5 px line. They never stand alone: a word or a label is beside. */

const PATHS = {
  mark: 'M4 2.5h8v11H4zM1.5 5H4M1.5 8H4M1.5 11H4M12 5h2.5M12 8h2.5M12 11h2.5|M6.5 5.5v5L10.5 8z',
  run: '|M4.5 2.8v10.4L13 8z',
  stop: '|M4 4h8v8H4z',
  restart: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
  kill: 'M5.5 1.8h5l3.7 3.7v5l-3.7 3.7h-5l-3.7-3.7v-5zM6 6l4 4M10 6l-4 4',
  folder: 'M1.8 12.8V3.5h4.4l1.6 2h6.4v7.3z',
  file: 'M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3',
  zip: 'M2.5 5.5h11v8h-11zM2.5 5.5l2-3h7l2 3M8 5.5v1.5M8 8.5V10',
  find: 'M2.7 7a4.3 4.3 0 1 0 8.6 0a4.3 4.3 0 1 0-8.6 0M10.2 10.2L14 14',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  x: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5l3.2 3.2L13 5',
  warn: 'M8 2l6.3 11.5H1.7zM8 6.5v3M8 11.5v.1',
  fault: 'M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0-12.4 0M8 4.8v4M8 11v.1',
  info: 'M1.8 8a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0-12.4 0M8 7.5v3.7M8 5v.1',
  seal: 'M8 1.6l5.5 2v4.6c0 3-2.3 5-5.5 6.2-3.2-1.2-5.5-3.2-5.5-6.2V3.6z',
  dl: 'M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11',
  plus: 'M8 3v10M3 8h10',
  gear: 'M5.8 8a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6L5 5M11 11l1.4 1.4M12.4 3.6L11 5M5 11l-1.4 1.4',
  disk: 'M2 9.5l2-6h8l2 6v4H2zM2 9.5h12M11 11.5h.5',
  pause: 'M5 3v10M11 3v10',
  loop: 'M2.5 8a5.5 5.5 0 0 1 9.4-3.9L13.5 6M13.5 2.5V6H10M13.5 8a5.5 5.5 0 0 1-9.4 3.9L2.5 10M2.5 13.5V10H6',
  more: 'M3 8h1M7.5 8h1M12 8h1',
  term: 'M2.5 4l4 4-4 4M8 12.5h5.5',
  max: 'M9.5 2.5h4v4M6.5 13.5h-4v-4',
  theme: 'M2 8a6 6 0 1 0 12 0a6 6 0 1 0-12 0|M8 2a6 6 0 0 1 0 12z',
  image: 'M2 3h12v10H2zM2 11l3.5-3.5L9 11M8.5 9.5L11 7l3 3',
} as const

export type IconName = keyof typeof PATHS

export const Icon = ({ name }: { name: IconName }) => {
  const [line, solid] = PATHS[name].split('|')
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {line ? <path d={line} /> : null}
      {solid ? <path d={solid} fill="currentColor" /> : null}
    </svg>
  )
}
