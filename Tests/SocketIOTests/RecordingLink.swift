import SocketIO
import SocketIOCore

/// A link that writes down what the shard does with it, and lets a test play the client.
final class RecordingLink: Link {
    enum Event: Equatable {
        /// Status and body; the rest of the answer is in ``RecordingLink/response``.
        case answer(Int, String)
        case stream
        case socket
        /// A piece of a stream, or a text frame.
        case text(String)
        case binary([UInt8])
        case ping
        case streamEnd
        case close(UInt16?)
        case abort
    }

    private(set) var events: [Event] = []
    private(set) var response: Response?
    /// The headers of a 101.
    private(set) var socketHeaders: [(name: String, value: String)] = []
    private(set) var accept: String?
    /// How many events had come when the link was last flushed.
    private(set) var flushed = 0
    var delegate: (any LinkDelegate)?
    /// The client takes what is written; ``takes(at:)`` after ``stalls()``.
    private(set) var isReady = true

    // MARK: The client's side

    func says(_ text: String, at now: Instant) {
        delegate?.link(self, receivedText: Array(text.utf8)[...], at: now)
    }

    func says(binary bytes: [UInt8], at now: Instant) {
        delegate?.link(self, receivedBinary: bytes, at: now)
    }

    func hangsUp(at now: Instant) {
        let delegate = delegate
        self.delegate = nil
        delegate?.linkClosed(self, at: now)
    }

    func stalls() { isReady = false }

    func takes(at now: Instant) {
        isReady = true
        delegate?.linkReady(self, at: now)
    }

    var hasNews: Bool { !events.isEmpty }

    /// The events since the last call.
    func news() -> [Event] {
        defer { events = [] }
        return events
    }

    var body: String { response.map { String(decoding: $0.body, as: UTF8.self) } ?? "" }

    // MARK: Link

    func respond(_ response: Response) {
        delegate = nil
        self.response = response
        events.append(.answer(response.status, String(decoding: response.body, as: UTF8.self)))
    }

    func respond(counted make: @escaping @Sendable (Totals) -> Response) {
        var totals = Totals()
        totals.readers = 7
        respond(make(totals))
    }

    func openStream(_ head: Response) {
        response = head
        events.append(.stream)
    }

    func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?) {
        self.accept = accept
        socketHeaders = headers
        events.append(.socket)
    }

    func write(_ frame: Frame) { wrote(.text(String(decoding: frame.packet, as: UTF8.self))) }

    func write(_ packet: Outgoing) {
        switch packet {
        case .frame(let frame): write(frame)
        case .text(let bytes): wrote(.text(String(decoding: bytes, as: UTF8.self)))
        case .binary(let bytes): wrote(.binary(bytes))
        }
    }

    private func wrote(_ event: Event) { events.append(event) }

    func ping() { events.append(.ping) }

    func flush() {
        flushed = events.count
    }

    func endStream() {
        delegate = nil
        events.append(.streamEnd)
    }

    func closeSocket(code: UInt16?) {
        delegate = nil
        events.append(.close(code))
    }

    func abort() { events.append(.abort) }
}
