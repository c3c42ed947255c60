/** The result of `make`, made when it is first asked for. What `make` holds on to is let go of then. */
export const once = <T extends object>(make: () => T): (() => T) => {
  let maker: (() => T) | null = make
  let result: T | null = null
  return () => {
    if (maker) result = maker()
    maker = null
    return result as T
  }
}
