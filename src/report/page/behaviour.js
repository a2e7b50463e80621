// @ts-check
/** The page's manners: which variants are shown, the baseline, order, the slider, and the life of a live page. */

(() => {
  /** What the reader chose; a live page keeps it while its sections are replaced. */
  const state = {
    /** @type {Set<string>} variants that are put away */
    away: new Set(),
    find: "",
    baseline: "0",
    sort: "miou",
    descending: true,
    left: "",
    right: "",
    confusion: "",
    heat: "iou",
    opacity: "70",
    disagreement: false,
  };

  /** @type {(selector: string, within?: ParentNode) => HTMLElement[]} */
  const all = (selector, within = document) => [...within.querySelectorAll(selector)].map(element);
  /** @type {(found: Element) => HTMLElement} SVG's elements have all that is used of them here. */
  const element = (found) => /** @type {HTMLElement} */ (found);
  /** @type {(id: string) => HTMLInputElement | null} */
  const control = (id) => /** @type {HTMLInputElement | null} */ (document.getElementById(id));

  /** @type {(id: string) => string} */
  const nameOf = (id) => all(`[data-chip="${id}"]`)[0]?.textContent ?? "";

  /** @type {(id: string) => boolean} */
  const isShown = (id) =>
    !state.away.has(id) && nameOf(id).toLowerCase().includes(state.find.toLowerCase());

  function filter() {
    for (const one of all("[data-v]")) one.classList.toggle("away", !isShown(one.dataset.v ?? ""));
    const chips = all("[data-chip]");
    for (const chip of chips) {
      const id = chip.dataset.chip ?? "";
      chip.setAttribute("aria-pressed", String(!state.away.has(id)));
      chip.classList.toggle("away", !nameOf(id).toLowerCase().includes(state.find.toLowerCase()));
    }
    const shown = chips.filter((chip) => isShown(chip.dataset.chip ?? "")).length;
    const told = control("shown");
    if (told) told.textContent = shown === chips.length ? "" : `${shown} of ${chips.length} shown`;
  }

  /** Differences from the baseline; those within the spread of the seeds are marked. */
  function compare() {
    const rows = all("#ranking tbody tr");
    const base = rows.find((row) => row.dataset.v === state.baseline);
    for (const row of rows) {
      const cell = all('[data-key="delta"]', row)[0];
      if (!cell) continue;
      const known = base?.dataset.miou && row.dataset.miou && base !== row;
      row.classList.toggle("baseline", row === base);
      cell.textContent = base === row ? "baseline" : "";
      cell.dataset.value = base === row ? "0" : "-9";
      cell.className = "n quiet";
      if (!base || !known) continue;
      const delta = 100 * (Number(row.dataset.miou) - Number(base.dataset.miou));
      const seeds = Math.min(Number(row.dataset.seeds), Number(base.dataset.seeds));
      const within =
        seeds > 1 &&
        Number(row.dataset.low) <= Number(base.dataset.high) &&
        Number(base.dataset.low) <= Number(row.dataset.high);
      const sign = delta < 0 ? "\u2212" : "+";
      cell.textContent = `${within ? "\u2248 " : ""}${sign}${Math.abs(delta).toFixed(1)}`;
      if (within) cell.title = "within the spread of the seeds";
      else cell.removeAttribute("title");
      cell.dataset.value = String(delta);
      cell.className = within ? "n quiet" : "n";
    }
  }

  function sort() {
    const body = document.querySelector("#ranking tbody");
    if (!body) return;
    /** @type {(row: HTMLElement) => string} */
    const key = (row) => all(`[data-key="${state.sort}"]`, row)[0]?.dataset.value ?? "";
    const rows = all("tr", body).sort((a, b) =>
      state.sort === "name" ? key(b).localeCompare(key(a)) : Number(key(a)) - Number(key(b)),
    );
    if (state.descending) rows.reverse();
    body.append(...rows);
    for (const button of all("[data-sort]")) {
      const head = button.closest("th");
      const mine = button.dataset.sort === state.sort;
      if (mine) head?.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else head?.removeAttribute("aria-sort");
    }
  }

  function confusion() {
    const select = control("confusion-of");
    if (select && state.confusion) select.value = state.confusion;
    for (const one of all("[data-confusion]"))
      one.classList.toggle("away", one.dataset.confusion !== (select?.value ?? "0"));
  }

  /** What the heat map says as it was written, by its lead and cells, before anything was compared. */
  const written = new WeakMap();

  /** IoU of each class as it is, or as far from the baseline's: blue is better, orange worse. */
  function heat() {
    const select = control("heat-of");
    const lead = control("heat-said");
    if (!select || !lead) return;
    select.value = state.heat;
    const rows = all("#classes tbody tr");
    for (const one of [lead, ...all("td", control("classes") ?? undefined)]) {
      if (!written.has(one)) written.set(one, { text: one.textContent, name: one.className });
      const { text, name } = written.get(one);
      one.textContent = text;
      one.className = name;
    }
    const base = rows.find((row) => row.dataset.v === state.baseline);
    if (state.heat !== "difference" || !base) return;
    for (const cell of all("td", base)) cell.className = "h0";
    /** @type {(cell: HTMLElement | undefined) => number} */
    const iou = (cell) => (cell?.dataset.iou ? Number(cell.dataset.iou) : Number.NaN);
    const truth = all("td", base).map(iou);
    const cells = rows
      .filter((row) => row !== base)
      .flatMap((row) => all("td", row))
      .map((cell, i) => ({ cell, delta: iou(cell) - (truth[i % truth.length] ?? Number.NaN) }));
    const sizes = cells.flatMap(({ delta }) => (Number.isNaN(delta) ? [] : [Math.abs(delta)]));
    // Below five points nothing is strong.
    const most = Math.max(0.05, ...sizes);
    for (const { cell, delta } of cells) {
      if (Number.isNaN(delta)) {
        cell.textContent = "\u2013";
        cell.className = "h0";
        continue;
      }
      const points = Math.abs(100 * delta).toFixed(1);
      cell.textContent = points === "0.0" ? points : `${delta < 0 ? "\u2212" : "+"}${points}`;
      const shade = `h${Math.round((10 * Math.abs(delta)) / most)}`;
      cell.className = delta < 0 ? `worse ${shade}` : shade;
    }
    lead.textContent = `Points of IoU between each variant and ${nameOf(state.baseline)}, whose row has its own IoU: blue is better, orange worse, and the strongest colour ${(100 * most).toFixed(1)} points.`;
  }

  /** Puts what was chosen to the left and right of each picture. */
  function pictures() {
    const [left, right] = [control("left"), control("right")];
    const [opacity, only] = [control("opacity"), control("disagreement")];
    if (!left || !right || !opacity || !only) return;
    if (state.left) left.value = state.left;
    if (state.right) right.value = state.right;
    opacity.value = state.opacity;
    only.checked = state.disagreement;
    const sides = all("#left, #right").map((one) => /** @type {HTMLSelectElement} */ (one));
    for (const picture of all(".picture")) view(picture, ...sides);
  }

  /** @param {HTMLElement} picture @param {...HTMLSelectElement} selects */
  function view(picture, ...selects) {
    /** @type {(value: string) => HTMLImageElement | undefined} */
    const source = (value) =>
      /** @type {HTMLImageElement | undefined} */ (all(`[data-source="${value}"]`, picture)[0]);
    const stage = all(".stage", picture)[0];
    if (!stage) return;
    const sides = selects.map((select) => ({
      title: select.selectedOptions[0]?.text ?? "",
      image: source(select.value),
    }));
    stage.style.setProperty("--opacity", String(Number(state.opacity) / 100));
    stage.classList.toggle("only", state.disagreement);
    for (const [i, side] of ["left", "right"].entries()) {
      const layer = /** @type {HTMLImageElement} */ (all(`.layer.${side}`, stage)[0]);
      const image = sides[i]?.image;
      if (image) layer.src = image.src;
      layer.hidden = !image;
      layer.alt = `${side}: ${sides[i]?.title}`;
      const tag = all(i === 0 ? ".tag.l" : ".tag.r", stage)[0];
      if (tag) tag.textContent = sides[i]?.title ?? "";
    }
    cut(stage);
    void disagree(picture, sides[0], sides[1]);
  }

  /** @param {HTMLElement} stage */
  function cut(stage) {
    const slider = /** @type {HTMLInputElement | null} */ (stage.querySelector(".slider"));
    if (slider) stage.style.setProperty("--cut", `${slider.value}%`);
  }

  /**
   * Marks the pixels in which the two differ, and says how many there are.
   * @param {HTMLElement} picture
   * @param {{title: string, image?: HTMLImageElement | undefined} | undefined} a
   * @param {{title: string, image?: HTMLImageElement | undefined} | undefined} b
   */
  async function disagree(picture, a, b) {
    const canvas = /** @type {HTMLCanvasElement | null} */ (picture.querySelector("canvas"));
    const verdict = all(".verdict", picture)[0];
    const context = canvas?.getContext("2d", { willReadFrequently: true });
    if (!canvas || !context || !verdict) return;
    const { width, height } = canvas;
    if (!a?.image || !b?.image) {
      verdict.textContent = "";
      return context.clearRect(0, 0, width, height);
    }
    await Promise.all([a.image.decode(), b.image.decode()]).catch(() => undefined);
    /** @type {(image: HTMLImageElement) => Uint8ClampedArray} */
    const pixels = (image) => {
      context.clearRect(0, 0, width, height);
      context.drawImage(image, 0, 0, width, height);
      return context.getImageData(0, 0, width, height).data;
    };
    const [p, q] = [pixels(a.image), pixels(b.image)];
    const marked = context.createImageData(width, height);
    const [red, green, blue] = accent();
    let count = 0;
    for (let i = 0; i < p.length; i += 4) {
      if (p[i] === q[i] && p[i + 1] === q[i + 1] && p[i + 2] === q[i + 2]) continue;
      count++;
      marked.data.set([red, green, blue, 255], i);
    }
    context.putImageData(marked, 0, 0);
    const share = ((100 * count) / (width * height)).toFixed(1);
    verdict.textContent = `${a.title} and ${b.title} differ in ${share} % of the pixels`;
  }

  /** Of what is marked on pictures: magenta, which is no class's colour in our palette. @returns {[number, number, number]} */
  const accent = () => [255, 0, 144];

  /** @param {string | null} id the variant that is pointed at */
  function point(id) {
    document.body.classList.toggle("pointing", id !== null);
    for (const one of all(".lit")) one.classList.remove("lit");
    if (id !== null) for (const one of all(`[data-v="${id}"]`)) one.classList.add("lit");
  }

  /** @param {string | null} text @param {number} x @param {number} y */
  function tip(text, x, y) {
    const box = control("tip");
    if (!box) return;
    box.hidden = text === null;
    box.textContent = text ?? "";
    box.style.left = `${Math.min(x + 12, document.documentElement.clientWidth - box.offsetWidth - 8)}px`;
    box.style.top = `${y + 14}px`;
  }

  document.addEventListener("pointerover", ({ target, clientX, clientY }) => {
    const found = target instanceof Element ? target.closest("[data-v]") : null;
    const inChart = found?.closest(".drawing");
    point(
      found && (inChart || found.closest("#ranking")) ? (element(found).dataset.v ?? null) : null,
    );
    tip(inChart ? (found?.getAttribute("aria-label") ?? null) : null, clientX, clientY);
  });

  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const chip = /** @type {HTMLElement | null} */ (target.closest("[data-chip]"));
    const id = chip?.dataset.chip;
    if (id !== undefined) {
      if (!state.away.delete(id)) state.away.add(id);
      filter();
    }
    if (target.id === "all") {
      const some = state.away.size > 0 || state.find !== "";
      state.away = new Set(some ? [] : all("[data-chip]").map((one) => one.dataset.chip ?? ""));
      state.find = "";
      const find = control("find");
      if (find) find.value = "";
      filter();
    }
    const column = /** @type {HTMLElement | null} */ (target.closest("[data-sort]"));
    if (column?.dataset.sort) {
      state.descending = state.sort === column.dataset.sort ? !state.descending : true;
      state.sort = column.dataset.sort;
      sort();
    }
  });

  document.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    const { id, value } = target;
    if (target.classList.contains("slider")) {
      const stage = target.closest(".stage");
      if (stage) cut(element(stage));
      return;
    }
    if (id === "find") state.find = value;
    if (id === "baseline") state.baseline = value;
    if (id === "confusion-of") state.confusion = value;
    if (id === "heat-of") state.heat = value;
    if (id === "left" || id === "right" || id === "opacity") state[id] = value;
    if (id === "disagreement")
      state.disagreement = /** @type {HTMLInputElement} */ (target).checked;
    if (id === "find") filter();
    if (id === "baseline") compare();
    if (id === "baseline" || id === "heat-of") heat();
    if (id === "confusion-of") confusion();
    edges();
    if (["left", "right", "opacity", "disagreement"].includes(id)) pictures();
  });

  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details")) one.open = true;
  });

  /** Tables with columns beyond the edge fade there. */
  function edges() {
    for (const one of all(".scroll"))
      one.classList.toggle("more", one.scrollWidth - one.clientWidth - one.scrollLeft > 1);
  }
  addEventListener("resize", edges);
  document.addEventListener("scroll", () => [edges(), place()], { capture: true, passive: true });

  /** Marks in the navigation the section that is being read: the last that begins above the middle. */
  function place() {
    const begun = all("main > section").filter(
      (one) => one.getBoundingClientRect().top < innerHeight / 2,
    );
    const here = begun.at(-1)?.id;
    for (const link of all("nav a")) {
      const current = link.getAttribute("href") === `#${here}`;
      if (current === link.hasAttribute("aria-current")) continue;
      if (current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
      const list = link.closest("ul");
      if (current && list) list.scrollLeft = link.offsetLeft - list.clientWidth / 2;
    }
  }

  function refresh() {
    const baseline = control("baseline");
    if (baseline) baseline.value = state.baseline;
    compare();
    sort();
    filter();
    confusion();
    heat();
    pictures();
    edges();
    place();
  }
  refresh();

  if (document.documentElement.dataset.live === undefined) return;

  /** Sections as the server last sent them. */
  const sent = new Map(all("#answer, main > section").map((one) => [one.id, one.outerHTML]));
  let version = "";

  /** Takes over the sections that changed; the reader's place and choices stay. */
  async function follow() {
    const now = await (await fetch("version", { cache: "no-store" })).text();
    if (now === version) return;
    const text = await (await fetch("./", { cache: "no-store" })).text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const filters = fresh.getElementById("filters");
    if (filters?.querySelectorAll("[data-chip]").length !== all("[data-chip]").length)
      return location.reload();
    for (const section of all("#answer, main > section", fresh)) {
      if (sent.get(section.id) === section.outerHTML) continue;
      sent.set(section.id, section.outerHTML);
      const old = control(section.id);
      if (!old) return location.reload();
      const open = [...old.querySelectorAll("details")].map((one) => one.open);
      old.replaceWith(section);
      for (const [i, one] of section.querySelectorAll("details").entries())
        one.open = open[i] ?? one.open;
    }
    version = now;
    refresh();
  }

  /** @param {string} text */
  function say(text) {
    const pulse = control("pulse");
    if (pulse && pulse.textContent !== text) pulse.textContent = text;
  }

  setInterval(() => {
    follow().then(
      () => say("live"),
      () => say("the server is gone; this is the last it said"),
    );
  }, 2000);
})();
