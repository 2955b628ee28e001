import SocketIO
import SocketIOCore

/// One thing that is counted: what it does once, over and over.
struct Work: Sendable {
    let name: String
    /// Makes what is needed, and gives the step.
    let prepare: @Sendable () -> (Int) -> Void
}

extension Work {
    static let stanza =
        #"2["divinecomedy","Midway upon the journey of our life\nI found myself within a forest dark,\n"#
        + #"For the straightforward pathway had been lost.","1"]"#

    static let all = codecs + sessions + readers

    private static let codecs = [
        Work(name: "Socket.IO packet read") {
            var decoder = SocketPacketDecoder()
            let bytes = Array(stanza.utf8)
            return { _ in _ = try? decoder.text(bytes[...]) }
        },
        Work(name: "Socket.IO packet written") {
            let packet = SocketPacket(.event, data: .array([.string("message"), .string("Got it!")]))
            return { _ in _ = packet.encoded() }
        },
        Work(name: "0.9 packet read") {
            let bytes = Array(#"5:1+:/chat:{"name":"message","args":["Got it!"]}"#.utf8)
            return { _ in _ = try? PacketV09.decode(bytes[...]) }
        },
        Work(name: "Engine.IO 4 payload of two packets read") {
            let bytes = Array("4\(stanza)\u{1e}3".utf8)
            return { _ in _ = EnginePayloadV4.decode(bytes, maxPackets: 10) }
        },
        Work(name: "Engine.IO 3 payload of two packets written") {
            let packets = [Array("4\(stanza)".utf8), Array("3".utf8)]
            return { _ in _ = EnginePayloadV3.encodeText(packets) }
        },
        Work(name: "WebSocket frame read") {
            var reader = WebSocketReader(maxMessageBytes: 1000)
            var frame: [UInt8] = [0x81, 0x80 | 100, 1, 2, 3, 4]
            frame += (0..<100).map { UInt8(ascii: "x") ^ UInt8($0 % 4 + 1) }
            return { _ in _ = frame.withUnsafeBytes { reader.receive($0) } }
        },
        Work(name: "WebSocket frame written") {
            let payload = Array(stanza.utf8)
            return { _ in _ = WebSocketFrame.text(payload) }
        },
        Work(name: "session id read") {
            let text = SessionID(node: 1, loop: 2, random: { 0x0123_4567_89ab_cdef }).text
            return { _ in _ = SessionID(text) }
        },
    ]

    private static let sessions = [
        Work(name: "wheel: armed and fired") {
            var now = Instant(nanoseconds: 0)
            var wheel = Wheel(width: .milliseconds(5), startingAt: now)
            let timed = (0..<100).map { _ in Bell() }
            // A hundred at a time, so that a slot has company.
            return { turn in
                wheel.arm(timed[turn % 100], at: now + .seconds(2))
                guard turn % 100 == 99 else { return }
                now = now + .seconds(3)
                while wheel.popDue(at: now) != nil {}
            }
        },
        Work(name: "session: a ping and its pong") {
            var now = Instant(nanoseconds: 0)
            let limits = Readers.limits
            var session = Session(
                EngineFormat(.engine4, isTextOnly: false), onSocket: true, limits: limits, at: now)
            session.namespaceJoined()
            let pong = Array("3".utf8)
            return { _ in
                var actions: [Session.Action] = []
                now = session.nextDeadline
                session.deadlineReached(at: now, limits: limits, &actions)
                session.flush(socketIsReady: true, &actions)
                session.textReceived(pong[...], at: now, &actions)
            }
        },
    ]

    /// Everything above the edge that one stanza costs one reader; and one reader, from its request to its end.
    private static let readers = [
        Work(name: "stanza to a bare WebSocket") { Readers(target: "/ws").stanza() },
        Work(name: "stanza to Socket.IO 4 over WebSocket") {
            Readers(target: "/socket.io/?EIO=4&transport=websocket").stanza()
        },
        Work(name: "visit of a bare WebSocket") { Readers(target: "/ws").visit() },
        Work(name: "visit of Socket.IO 4 over WebSocket") {
            Readers(target: "/socket.io/?EIO=4&transport=websocket").visit()
        },
        Work(name: "stanza to Socket.IO 4 over polling, polled in the same words") {
            Readers(target: "/socket.io/?EIO=4&transport=polling").polledStanza()
        },
    ]
}

private final class Bell: Timed {
    var scheduled = Instant.distantFuture
    func deadlineReached(at now: Instant) {}
}
