// The page's side of the control API.

async function answered(response) {
  const found = await response.json();
  if (!response.ok) throw new Error(found.detail || "The sandbox refused this.");
  return found;
}

export async function read(path, query) {
  return answered(await fetch(`/sandbox/${path}?${new URLSearchParams(query)}`));
}

export async function act(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answered(await fetch(`/sandbox/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function sendPhoto(place, file, caption) {
  const form = new FormData();
  form.append("user", place.user);
  form.append("chat", place.chat);
  form.append("caption", caption);
  form.append("file", file, file.name);
  return answered(await fetch("/sandbox/photo", { method: "POST", body: form }));
}

// Calls back with each event; `onopen` also after a lost connection, when everything must be read again.
export function listen(user, onevent, onopen, onlost) {
  const source = new EventSource(`/sandbox/events?user=${user}`);
  source.onopen = onopen;
  source.onerror = onlost;
  source.onmessage = (event) => onevent(JSON.parse(event.data));
  return source;
}
