import Logging
import SocketIOCore
import Synchronization
import Testing

@testable import SocketIOServer

@Suite struct AddressLimitTests {
    private static func limit(_ count: Int) -> AddressLimit {
        AddressLimit(count, exempting: Proxies(trusting: AddressRange.loopback))
    }

    @Test func oneAddressHasSoManyAndAnotherItsOwn() throws {
        let limit = Self.limit(2)
        let one = try #require(IPAddress("192.0.2.1"))
        let other = try #require(IPAddress("192.0.2.2"))
        #expect([one, one, one, other, one].map(limit.admits) == [true, true, false, true, false])
        limit.release(one)
        #expect([one, one].map(limit.admits) == [true, false])
    }

    /// One that was refused is not counted, so it must not be released either: two may come for two that went.
    @Test func whatEndsMakesRoomOnce() throws {
        let limit = Self.limit(1)
        let address = try #require(IPAddress("192.0.2.1"))
        for _ in 1...3 {
            #expect(limit.admits(address))
            #expect(!limit.admits(address))
            limit.release(address)
        }
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::ffff:2", false), ("2001:db8::1", "2001:db8:0:1::1", true),
        ("192.0.2.1", "::ffff:192.0.2.1", false), ("192.0.2.1", "192.0.2.2", true),
    ])
    func whatOneClientHasCountsTogether(first: String, second: String, isApart: Bool) throws {
        let limit = Self.limit(1)
        #expect(limit.admits(try #require(IPAddress(first))))
        #expect(limit.admits(try #require(IPAddress(second))) == isApart)
    }

    @Test func trustedProxiesAndNoLimitAdmitEverybody() throws {
        let proxy = try #require(IPAddress("127.0.0.1"))
        let limit = Self.limit(1)
        let none = Self.limit(0)
        for _ in 1...5 { #expect(limit.admits(proxy) && none.admits(proxy)) }
    }

    @Test func manyRefusalsAreOneLineAMinute() throws {
        let lines = Lines()
        var logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        logger.logLevel = .info
        let log = RefusalLog(logger)
        for second in Int64(0)..<120 {
            log.refused(
                "origin", value: "http://evil\u{1b}[31m", setting: "--origins", peer: "192.0.2.1",
                at: Instant(nanoseconds: 1 + second * 1_000_000_000))
        }
        log.refused("bad packet", peer: "192.0.2.1", at: Instant(nanoseconds: 119_000_000_001))
        log.refused("sid", setting: "--sid", peer: "192.0.2.1", at: Instant(nanoseconds: 119_000_000_001))
        let said = lines.all
        #expect(said.count == 3)
        #expect(said.first?["value"] == "http://evil?[31m" && said.first?["setting"] == "--origins")
        #expect(said.first?["more"] == nil && said.dropFirst().first?["more"] == "59")
    }

    private final class Lines: Sendable {
        private let recorded = Mutex<[Logger.Metadata]>([])
        var all: [Logger.Metadata] { recorded.withLock { $0 } }
        func add(_ metadata: Logger.Metadata) { recorded.withLock { $0.append(metadata) } }
    }

    private struct Recorder: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.add(event.metadata ?? [:]) }
    }
}
