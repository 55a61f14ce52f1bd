/**
 * Only a convenience: without it everything can be read. It filters the requirements, and opens the one a link
 * points to. Its hash is the only script the page's content security policy allows.
 */
export const script = `
(() => {
  const requirements = [...document.querySelectorAll('details.requirement')]
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
    if (target instanceof HTMLDetailsElement) { target.open = true; target.hidden = false; target.scrollIntoView() }
  }
  addEventListener('hashchange', open)
  open()
  const tools = document.querySelector('.tools')
  if (!tools) return
  tools.hidden = false
  const buttons = [...tools.querySelectorAll('button[data-outcome]')]
  const search = tools.querySelector('input')
  let outcome = ''
  const show = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean)
    for (const requirement of requirements) {
      const text = requirement.textContent.toLowerCase()
      requirement.hidden = (outcome !== '' && requirement.dataset.outcome !== outcome) || !words.every((word) => text.includes(word))
    }
    for (const group of document.querySelectorAll('.group')) {
      group.hidden = !group.querySelector('details.requirement:not([hidden])')
    }
  }
  for (const button of buttons) {
    button.addEventListener('click', () => {
      outcome = button.dataset.outcome
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button))
      show()
    })
  }
  search.addEventListener('input', show)
  tools.querySelector('button[data-expand]').addEventListener('click', (event) => {
    const expand = event.currentTarget.dataset.expand === 'open'
    for (const requirement of requirements) if (!requirement.hidden) requirement.open = expand
    event.currentTarget.dataset.expand = expand ? 'close' : 'open'
    event.currentTarget.textContent = expand ? 'Close all' : 'Open all'
  })
})()
`
