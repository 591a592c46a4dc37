// The key of the printed address stands behind #, which no browser sends and no server logs: it is sent once, and gone from the address.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
if (key) {
  history.replaceState(null, "", location.pathname);
  const field = document.getElementById("key");
  field.value = key;
  document.getElementById("signin").submit();
}
