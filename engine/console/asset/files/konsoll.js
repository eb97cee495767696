// What pages do beyond what they do without a script: they tell before the session ends, and the overview keeps itself fresh.
(() => {
  "use strict";
  const body = document.body;

  // The session: told five minutes before, and once more when it is over.
  let until = Number(body.dataset.oktSlutt || 0) * 1000;
  let last = Number(body.dataset.oktSist || 0) * 1000;
  const box = document.getElementById("okt-varsel");
  if (until && box) {
    const text = box.querySelector("[data-tekst]");
    const more = box.querySelector("button");
    const skew = Date.now() - Number(body.dataset.na || 0) * 1000; // of this machine's clock
    let told = "";
    const tell = (what) => {
      if (what === told) return;
      told = what;
      box.hidden = what === "";
      text.textContent = what;
    };
    const look = () => {
      const left = until - (Date.now() - skew);
      if (left <= 0) {
        more.hidden = true;
        tell("Du er logget ut fordi økten er over. Det du har skrevet, blir ikke lagret. Last siden på nytt for å logge inn.");
      } else if (left < 5 * 60 * 1000) {
        more.hidden = until >= last;
        tell(until >= last
          ? "Du blir logget ut om fem minutter, fordi en økt varer i ti timer. Fullfør det du holder på med."
          : "Du blir logget ut om fem minutter, fordi siden har vært i ro.");
      } else {
        tell("");
      }
    };
    more.addEventListener("click", async () => {
      const answer = await fetch("/okt", { method: "POST", credentials: "same-origin", redirect: "manual" });
      if (answer.ok) {
        until = Number(await answer.text()) * 1000;
        tell("");
      } else {
        until = 0;
      }
      look();
    });
    setInterval(look, 10 * 1000);
    look();
  }

  // A page that asks to be kept fresh is fetched again while somebody looks at it, unless they have paused that, or work in it. What
  // is fetched so does not count as use of the session.
  const fresh = document.querySelector("[data-fersk]");
  const pause = document.getElementById("pause");
  if (fresh && pause) {
    pause.hidden = false;
    let paused = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
    });
    setInterval(async () => {
      if (paused || document.hidden || fresh.contains(document.activeElement)) return;
      try {
        const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual", headers: { "Postgang-Fersk": "1" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page.querySelector("[data-fersk]");
        if (now) fresh.replaceChildren(...now.childNodes);
      } catch {
        // The network is gone for a while: the next round tries again.
      }
    }, 30 * 1000);
  }

  // A copy button beside what is copied often.
  for (const b of document.querySelectorAll("button[data-kopier]")) {
    if (!navigator.clipboard) continue;
    b.hidden = false;
    b.addEventListener("click", async () => {
      await navigator.clipboard.writeText(b.dataset.kopier);
      const was = b.textContent;
      b.textContent = "Kopiert";
      setTimeout(() => { b.textContent = was; }, 2000);
    });
  }
})();
