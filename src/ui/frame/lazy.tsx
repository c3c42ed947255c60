/** A part of the page that is fetched when it is first shown; what cannot be fetched says so. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../format.ts'

/**
 * @param load the chunk's component
 * @param what stands there meanwhile: 'the editor'
 */
export const lazy = <P extends object>(load: () => Promise<ComponentType<P>>, what: string) => {
  let ready: ComponentType<P> | null = null
  return (props: P) => {
    const [problem, setProblem] = useState('')
    const [, setReady] = useState(false)
    useEffect(() => {
      if (ready) return
      let isGone = false
      const done = (part: ComponentType<P>): void => {
        ready = part
        if (!isGone) setReady(true)
      }
      const failed = (error: unknown): void => {
        if (!isGone) setProblem(messageOf(error))
      }
      load().then(done, failed)
      return () => {
        isGone = true
      }
    }, [])
    if (ready) {
      const Part = ready
      return <Part {...props} />
    }
    if (problem === '') return <p class="waits">Fetching {what}…</p>
    return (
      <p class="waits" role="alert">
        {what} could not be fetched: {problem}. Check the connection and reload the page.
      </p>
    )
  }
}
