import SocketIOCore
import Testing

@Suite struct ScriptEnvelopeTests {
    /// The scripts differ from the reference's only where ours escape `<`, U+2028 and U+2029 and theirs do
    /// not.
    private static func escaped(_ script: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in script.unicodeScalars {
            switch scalar {
            case "\u{2028}": escaped.append(contentsOf: #"\u2028"#.unicodeScalars)
            case "\u{2029}": escaped.append(contentsOf: #"\u2029"#.unicodeScalars)
            case "<": escaped.append(contentsOf: #"\u003c"#.unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    @Test(
        arguments: Vector.load("engineio-4", "jsonp.response") + Vector.load("engineio-3", "jsonp.response"))
    func wrapsEnginePayloads(vector: Vector) throws {
        let index = try #require(vector.decoded["index"]?.number)
        let payload = try #require(vector.decoded["payload"]?.wire)
        let script = ScriptEnvelope.engine(index: index, payload: payload)
        #expect(String(wire: script) == Self.escaped(vector.encoded.text ?? ""))
    }

    @Test(arguments: Vector.load("socketio-0.9", "jsonp.response"))
    func wrapsPayloadsOf09(vector: Vector) throws {
        let index = try #require(vector.decoded["index"]?.number)
        let payload = try #require(vector.decoded["payload"]?.wire)
        let script = ScriptEnvelope.v09(index: index, payload: payload)
        #expect(String(wire: script) == Self.escaped(vector.encoded.text ?? ""))
    }

    @Test(arguments: Vector.load("socketio-0.9", "htmlfile.chunk"))
    func wrapsPacketsForHTMLFile(vector: Vector) throws {
        let text = try #require(vector.encoded.text)
        let head = "<script>_("
        let tail = ");</script>"
        let inside = text.dropFirst(head.count).dropLast(tail.count)
        let chunk = ScriptEnvelope.htmlfile(vector.decoded.wire)
        #expect(String(wire: chunk) == head + Self.escaped(String(inside)) + tail)
    }

    @Test func htmlfileBeginsWith256Bytes() {
        let start = String(wire: ScriptEnvelope.htmlfileStart)
        #expect(start.utf8.count == 256)
        let markup = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>"
        #expect(start == markup + String(repeating: " ", count: 173))
    }

    @Test(arguments: [
        ("0", "___eio[0](\"\");", "io.j[0](\"\");"), ("12", "___eio[12](\"\");", "io.j[12](\"\");"),
        ("1);alert(2", "___eio[12](\"\");", "io.j[0](\"\");"), ("", "___eio[](\"\");", "io.j[0](\"\");"),
        ("x", "___eio[](\"\");", "io.j[0](\"\");"), ("٣", "___eio[](\"\");", "io.j[0](\"\");"),
        (
            String(repeating: "9", count: 30), "___eio[99999999999999999999](\"\");", "io.j[0](\"\");"
        ),
    ])
    func onlyDigitsOfTheIndexReachTheScript(index: String, engine: String, v09: String) {
        #expect(String(wire: ScriptEnvelope.engine(index: index, payload: [])) == engine)
        #expect(String(wire: ScriptEnvelope.v09(index: index, payload: [])) == v09)
    }

    @Test func nothingEndsTheScriptEarly() {
        let payload = Array("</script><!--\u{2028}\u{2029}\u{202A}".utf8)
        let script = #"___eio[0]("\u003c/script>\u003c!--\u2028\u2029"# + "\u{202A}\");"
        #expect(String(wire: ScriptEnvelope.engine(index: "0", payload: payload)) == script)
    }

    @Test(arguments: Vector.load("engineio-3", "jsonp.post"))
    func readsFormsOfEngineIO(vector: Vector) throws {
        let payload = try #require(ScriptEnvelope.enginePost(vector.encoded.wire))
        #expect(String(wire: payload) == vector.decoded.text)
    }

    @Test(arguments: [
        ("d=", ""), ("d=n", "n"), ("d=%5C", #"\"#), ("d=%5C%5C", #"\\"#),
        ("d=%5C%5C%5C%5Cn%5Cn", "\\\\\\n\n"),
        ("x=1&d=a+b", "a b"),
    ])
    func undoesTheEscapingOfLineFeeds(form: String, payload: String) {
        #expect(ScriptEnvelope.enginePost(Array(form.utf8)).map(String.init(wire:)) == payload)
    }

    @Test func aFormWithoutItsFieldIsNoPayload() {
        #expect(ScriptEnvelope.enginePost(Array("e=1".utf8)) == nil)
        #expect(ScriptEnvelope.enginePost([]) == nil)
    }

    @Test(arguments: Vector.load("socketio-0.9", "jsonp.post"))
    func readsFormsOf09(vector: Vector) throws {
        let payload = try #require(ScriptEnvelope.v09Post(vector.encoded.wire))
        #expect(String(wire: payload) == vector.decoded.text)
    }

    @Test(arguments: Vector.load("socketio-0.9", "jsonp.invalid"))
    func refusesFormsOf09(vector: Vector) {
        #expect(ScriptEnvelope.v09Post(vector.encoded.wire) == nil)
        #expect(ScriptEnvelope.v09Post(Array("d=5".utf8)) == nil)
    }
}
