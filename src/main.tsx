/** The page's door: isolates the page or says why it cannot be, opens a machine, draws. */
import { render } from 'preact'
import { diagnosticsOf } from './sdk/diagnostics.ts'
import { createWasmrun, type Wasmrun } from './sdk/index.ts'
import { isolate, tryAgain } from './sdk/isolation.ts'
import { App } from './ui/app.tsx'
import { createUi } from './ui/create-ui.ts'
import { UiProvider } from './ui/ui.ts'

declare global {
  var wasmrun: Wasmrun
}

const site = (name: string): string => new URL(name, document.baseURI).href

const open = async (root: HTMLElement): Promise<void> => {
  const failed = await isolate(site(__ASSETS__.service))
  if (failed) {
    const { Precondition } = await import('./ui/precondition.tsx')
    render(<Precondition code={failed} tryAgain={tryAgain} />, root)
    return
  }
  const { jail, kernel, inspector, process, quickjs, ruby, wasmrun, host, archive } = __ASSETS__
  const scripts = {
    jail: site(jail),
    kernel: site(kernel),
    inspector: site(inspector),
    process: site(process),
    quickjs: site(quickjs),
    ruby: site(ruby),
    wasmrun: site(wasmrun),
    host: site(host),
    archive: site(archive),
    runtimes: site('runtimes/'),
    service: site(__ASSETS__.service),
  }
  globalThis.wasmrun = createWasmrun(scripts, __VERSION__, diagnosticsOf(location.search))
  render(
    <UiProvider value={createUi(globalThis.wasmrun, scripts.archive)}>
      <App />
    </UiProvider>,
    root,
  )
}

const root = document.getElementById('app')
if (root) {
  root.replaceChildren()
  open(root).catch((error: unknown) => {
    root.textContent = `The page could not be opened: ${error}. Check the connection and reload it.`
    throw error
  })
}
