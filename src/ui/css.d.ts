/** Eager style sheets are imported for their effect; `x.lazy.css` is text, for `adoptStyles`. */
declare module '*.css' {
  const text: string
  export default text
}
