/** Does a stage; who asks for its result later gets its error if it threw. */
export async function attempt<T>(stage: () => Promise<T>): Promise<() => T> {
  try {
    const value = await stage()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
