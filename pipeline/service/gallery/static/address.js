// Read the view from the address of the page, and write it there: the address reproduces the page.

const OURS = ["where", "person", "like"];

/** The view's query without the face that is open, and that face. */
export function here() {
  const params = new URLSearchParams(location.search);
  const face = params.get("face");
  for (const name of ["face", "from"]) params.delete(name);
  return { query: text(params), face };
}

/** The query of a view that the form of facets shows, keeping what the form does not hold. */
export function queryOf(form, current) {
  const params = new URLSearchParams();
  for (const field of document.querySelectorAll("[data-facet]")) {
    const some = [...field.querySelectorAll("input:checked")].map((input) => input.value);
    if (some.length) params.set(field.dataset.facet, some.join(","));
  }
  const before = new URLSearchParams(current);
  for (const name of OURS) if (before.has(name)) params.set(name, before.get(name));
  const sort = form.elements.sort.value;
  if (sort !== "mixed") params.set("sort", sort);
  return text(params);
}

/** Make the form show a view. */
export function show(form, query) {
  const params = new URLSearchParams(query);
  for (const field of document.querySelectorAll("[data-facet]")) {
    const some = (params.get(field.dataset.facet) ?? "").split(",");
    for (const input of field.querySelectorAll("input")) input.checked = some.includes(input.value);
  }
  form.elements.sort.value = params.get("sort") ?? "mixed";
}

/** An address with this query and, where given, more. */
export function address(base, query, more = {}) {
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) params.set(name, value);
  const all = text(params);
  return all ? `${base}?${all}` : base;
}

function text(params) {
  return params.toString().replaceAll("%2C", ",");
}
