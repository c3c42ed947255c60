/** The process worker of Ruby. */
import { serve } from '../src/runtimes/index.ts'
import { runRuby, warmRuby } from '../src/runtimes/ruby/boot.ts'

serve(self as unknown as MessagePort, { run: runRuby, prewarm: warmRuby })
