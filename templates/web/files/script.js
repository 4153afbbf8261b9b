const output = document.querySelector('output')
let clicks = 0

document.querySelector('button').addEventListener('click', () => {
  clicks += 1
  output.value = clicks
})
