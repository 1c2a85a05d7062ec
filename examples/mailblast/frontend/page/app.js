const $ = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token");

async function call(path, body) {
  const answer = await fetch("/api" + path, {
    method: body ? "POST" : "GET",
    headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  $("served").textContent =
    `${answer.headers.get("X-MailBlast-Version")} on ${answer.headers.get("X-MailBlast-Slot")}`;
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

async function show() {
  const campaigns = await call("/campaigns");
  $("campaigns").replaceChildren(...campaigns.map((c) => {
    const row = document.createElement("tr");
    for (const text of [c.name, c.subject, c.status, new Date(c.created_at).toLocaleString()]) {
      row.insertCell().textContent = text;
    }
    return row;
  }));
  $("login").hidden = true;
  $("work").hidden = false;
}

async function attempt(action) {
  $("problem").hidden = true;
  try {
    await action();
  } catch (error) {
    $("problem").textContent = error.message;
    $("problem").hidden = false;
  }
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = new FormData(event.target).get("token");
  sessionStorage.setItem("token", token);
  attempt(show);
});

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const { recipients, ...campaign } = Object.fromEntries(new FormData(event.target));
  attempt(async () => {
    const { id } = await call("/campaigns", campaign);
    const list = recipients.split(/\s+/).filter(Boolean);
    if (list.length > 0) await call(`/campaigns/${id}/send`, { recipients: list });
    event.target.reset();
    await show();
  });
});

if (token) attempt(show);
