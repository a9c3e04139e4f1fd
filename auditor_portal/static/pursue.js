// Looks how far something is that is done beside the requests, and loads the page anew once it is over. Each look is a
// decision on record, so it looks less and less often. Without scripts, the page has a link that does the same.
const place = document.getElementById("pursued");
const bar = place.querySelector("progress");
const soFar = place.querySelector(".so-far");
let wait = 1000;

async function look() {
  const answer = await fetch(place.dataset.of, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const found = await answer.json();
  if (found.over) {
    location.reload();
    return;
  }
  bar.max = Math.max(found.of, 1);
  bar.value = found.done;
  soFar.textContent = `${found.done} of ${found.of}`;
  wait = Math.min(wait * 1.5, 10000);
  setTimeout(look, wait);
}

setTimeout(look, wait);
