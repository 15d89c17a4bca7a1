// Loads the page again, or only its styles, when devloop says that a change is served.
// It speaks the LiveReload protocol: http://livereload.com/api/protocol/
(function () {
  "use strict";

  var server = new URL(document.currentScript.src);
  var address = (server.protocol === "https:" ? "wss://" : "ws://") + server.host + "/livereload";

  // Takes a style anew: the old one stays until the new one is there, so that nothing flickers.
  function take(link) {
    var fresh = link.cloneNode();
    var url = new URL(link.href);
    url.searchParams.set("livereload", Date.now());
    fresh.href = url.href;
    fresh.onload = fresh.onerror = function () { link.remove(); };
    link.after(fresh);
  }

  // Takes the styles of that path anew, or all of this server's where none has it: one of them
  // may import it.
  function takeStyles(path) {
    var links = Array.from(document.querySelectorAll("link[rel~=stylesheet][href]")).filter(function (link) {
      return new URL(link.href).host === location.host;
    });
    var named = links.filter(function (link) { return new URL(link.href).pathname.endsWith(path); });
    (named.length > 0 ? named : links).forEach(take);
  }

  function connect() {
    var socket = new WebSocket(address);
    socket.onopen = function () {
      socket.send(JSON.stringify({ command: "hello", protocols: ["http://livereload.com/protocols/official-7"] }));
    };
    socket.onmessage = function (event) {
      var message = JSON.parse(event.data);
      if (message.command !== "reload") {
        return;
      }
      if (message.liveCSS && /\.css$/.test(message.path)) {
        takeStyles(message.path);
      } else {
        location.reload();
      }
    };
    socket.onclose = function () { setTimeout(connect, 2000); };
  }

  connect();
})();
