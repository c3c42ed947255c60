/** Dark, light, or as the system has it. */
import { Icon } from '../icon.tsx'
import type { Theme } from '../stores/preferences.ts'
import { useUi } from '../ui.ts'

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }

export const applyTheme = (theme: Theme, root: HTMLElement): void => {
  if (theme === 'system') delete root.dataset.theme
  else root.dataset.theme = theme
}

export const ThemeButton = ({ isShort = false }: { isShort?: boolean }) => {
  const { preferences } = useUi().stores
  const { theme } = preferences.current.value
  const label = `Theme: ${theme}`
  return (
    <button
      type="button"
      class={isShort ? 'ib' : 'chip'}
      aria-label={label}
      title={`${label}. Click for ${NEXT[theme]}.`}
      onClick={() => preferences.apply({ theme: NEXT[theme] })}
    >
      {isShort ? <Icon name="theme" /> : label}
    </button>
  )
}
