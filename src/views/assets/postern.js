// Enhancements only: every page works without this file.

// For browsers that honour `autofocus` on fields alone: the others have done it before the first frame.
addEventListener('load', () => {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.getElementById('fault')?.focus()
  })
})

for (const button of document.querySelectorAll('.reveal')) {
  const field = document.getElementById(button.getAttribute('aria-controls'))
  const reveal = (isShown) => {
    field.type = isShown ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(isShown))
  }
  button.hidden = false
  button.addEventListener('click', () => reveal(field.type === 'password'))
  // Sent as a password, so that the browser does not remember it as text.
  field.form.addEventListener('submit', () => reveal(false))
}

// A second press while the first is on its way is dropped. The buttons stay enabled: a disabled one would not be sent.
for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault()
    form.dataset.sent = 'yes'
  })
}
addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent
})

for (const button of document.querySelectorAll('[data-copies]')) {
  const words = [...document.querySelectorAll(`#${button.dataset.copies} li`)].map((item) => item.textContent)
  const told = document.getElementById(button.dataset.tells)
  button.hidden = navigator.clipboard === undefined // only where the page came safely
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(words.join('\n'))
    told.textContent = told.dataset.text
  })
}
for (const button of document.querySelectorAll('[data-prints]')) {
  button.hidden = false
  button.addEventListener('click', () => print())
}
