import Testing

@testable import SocketIOCore

@Suite struct DialectTests {
    @Test(
        arguments: [
            ("4", .engine4), ("3", .engine3), ("2", .engine2), ("1", nil), ("5", nil), ("04", nil), ("", nil),
            (nil, nil),
        ] as [(String?, Dialect?)])
    func revisionNamesTheDialect(revision: String?, dialect: Dialect?) {
        #expect(Dialect(engineRevision: revision) == dialect)
    }

    private static let text: [Outgoing] = [
        .frame(.message(Array("42[\"a\"]".utf8))), .text(Array("2".utf8)),
    ]
    private static let mixed = text + [.binary([1, 2, 3, 4])]

    /// Engine.IO 4 joins by a separator; before it each packet has its length, in text unless there are
    /// bytes.
    @Test(arguments: [
        (Dialect.engine4, false, "42[\"a\"]\u{1e}2", "42[\"a\"]\u{1e}2\u{1e}bAQIDBA=="),
        (.engine3, true, "7:42[\"a\"]1:2", "7:42[\"a\"]1:210:b4AQIDBA=="),
        (.engine2, true, "7:42[\"a\"]1:2", "7:42[\"a\"]1:210:b4AQIDBA=="),
    ])
    func payloadIsTextWhereItCanBe(dialect: Dialect, isTextOnly: Bool, text: String, mixed: String) {
        let format = EngineFormat(dialect, isTextOnly: isTextOnly)
        for (packets, wire) in [(Self.text, text), (Self.mixed, mixed)] {
            let payload = format.payload(of: packets)
            #expect(String(decoding: payload.bytes, as: UTF8.self) == wire)
            #expect(!payload.isBinary)
        }
    }

    @Test func binaryFramingIsChosenByRevisionAndContent() {
        let three = EngineFormat(.engine3, isTextOnly: false)
        #expect(!three.payload(of: Self.text).isBinary)
        #expect(three.payload(of: Self.mixed).isBinary)
        let two = EngineFormat(.engine2, isTextOnly: false).payload(of: Self.text)
        #expect(two.isBinary)
        #expect(two.bytes == [0, 7, 255] + Array("42[\"a\"]".utf8) + [0, 1, 255] + Array("2".utf8))
    }

    @Test func bytesInAWebSocketMessageHaveATypeBeforeRevision4() {
        let packet = Outgoing.binary([1, 2])
        #expect(EngineFormat(.engine4, isTextOnly: false).message(packet) == packet)
        #expect(EngineFormat(.engine3, isTextOnly: false).message(packet) == .binary([4, 1, 2]))
        #expect(EngineFormat(.engine3, isTextOnly: true).message(packet) == .packet("b4AQI="))
        #expect(EngineFormat(.engine3, isTextOnly: false).message(.packet("2")) == .packet("2"))
    }
}

/// What is otherwise in a session before revision 4.
@Suite struct SessionRevision3Tests {
    private var probe = SessionProbe(.engine3, onSocket: true)

    @Test mutating func clientPingsAndIsAnswered() {
        #expect(probe.text("2") == [])
        #expect(probe.flush() == [.write("3")])
        #expect(probe.session.isOpen)
    }

    /// 1000 ms and 500 ms: whatever the client says within their sum counts.
    @Test(arguments: ["2", "42[\"a\"]", "3"])
    mutating func anyPacketIsASignOfLife(packet: String) {
        #expect(probe.session.nextDeadline == .ms(1500))
        probe.now = .ms(1400)
        _ = (probe.text(packet), probe.flush())
        #expect(probe.session.nextDeadline == .ms(2900))
        #expect(probe.pass(to: 2900) == [.closeSocket, .ended(.pingTimeout)])
    }

    @Test mutating func silenceIsNotBrokenByTheServer() {
        #expect(probe.pass(to: 1000) == [])
        #expect(probe.pass(to: 1500) == [.closeSocket, .ended(.pingTimeout)])
    }

    @Test mutating func payloadIsReadByItsLengths() {
        probe = SessionProbe(.engine3)
        #expect(probe.post("2:406:42[\"a]") == [.deliver("0"), .deliver("2[\"a]")])
        #expect(probe.post("9:40").last == .ended(.transportError))
    }

    @Test mutating func pingOverPollingIsAnsweredInTheNextPoll() {
        probe = SessionProbe(.engine3)
        _ = probe.post("1:2")
        _ = probe.poll()
        #expect(probe.flush() == [.answer("3")])
    }
}
