/** Style sheets that come with a lazy part of the page. */

const adopted = new Set<string>()

/** Puts the text of a `x.lazy.css` after the page's own sheets, once. */
export const adoptStyles = (text: string): void => {
  if (adopted.has(text)) return
  adopted.add(text)
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}
