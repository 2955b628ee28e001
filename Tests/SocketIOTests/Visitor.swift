import SocketIO
import SocketIOCore

/// A client in `/chat`, with its ids and the offsets it hears.
struct Visitor {
    let speaker: Speaker
    let id: String
    let pid: String
    /// What came before the answer to its join.
    let missed: [String]

    init(on stage: Stage, auth: String = "") {
        let speaker = Speaker(.engine4, on: stage)
        self.init(speaker, heard: speaker.join("/chat", auth: auth))
    }

    init(_ speaker: Speaker, heard: [RecordingLink.Event]) {
        self.speaker = speaker
        let texts = heard.compactMap(Visitor.text)
        let ids = texts.last?.split(separator: "\"").map(String.init) ?? []
        id = ids.count > 3 ? ids[3] : ""
        pid = ids.count > 7 ? ids[7] : ""
        missed = texts.dropLast()
    }

    /// The events since the last call, without what `keepsOffsets` would keep.
    func heard() -> (events: [String], offset: String) {
        let texts = speaker.news().compactMap(Visitor.text)
        return (texts.map(Visitor.withoutOffset), texts.last.map(Visitor.offset) ?? "")
    }

    static func text(_ event: RecordingLink.Event) -> String? {
        if case .text(let text) = event { text } else { nil }
    }
    static func offset(_ text: String) -> String {
        String(text.split(separator: "\"").dropLast().last ?? "")
    }
    static func withoutOffset(_ text: String) -> String {
        text.replacing(",\"\(offset(text))\"]", with: "]")
    }

    func claim(_ offset: String) -> String { #"{"pid":"\#(pid)","offset":"\#(offset)"}"# }

    /// Comes back, when the server knows that it was gone.
    func back(on stage: Stage, offset: String) -> Visitor { Visitor(on: stage, auth: claim(offset)) }

    /// Comes back, when the server takes its old connection to be open: that is ended first, on its event loop.
    func backEarly(on stage: Stage, offset: String) async -> Visitor {
        let speaker = Speaker(.engine4, on: stage)
        let atOnce = speaker.join("/chat", auth: claim(offset))
        await stage.turn(2)
        return Visitor(speaker, heard: atOnce + speaker.news())
    }
}
