/** The process worker of JavaScript on QuickJS. */
import { serve } from '../src/runtimes/index.ts'
import { runQuickJs, warmQuickJs } from '../src/runtimes/quickjs/boot.ts'

serve(self as unknown as MessagePort, { run: runQuickJs, prewarm: warmQuickJs })
