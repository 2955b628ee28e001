import TestSupport
import Testing

@testable import SocketIOCore

/// Which offers of permessage-deflate are accepted, and with what answer (RFC 7692, 5 and 7.1).
@Suite struct PerMessageDeflateTests {
    private static let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    static let accepted: [(offer: String, answer: String, serverWindow: UInt8)] = [
        // What browsers, Python's websockets and Node's ws send.
        ("permessage-deflate; client_max_window_bits", plain, 15),
        ("permessage-deflate", plain, 15),
        (
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
            plain + "; server_max_window_bits=12; client_max_window_bits=12", 12
        ),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", plain, 15),
        ("permessage-deflate; server_max_window_bits=8", plain + "; server_max_window_bits=8", 8),
        ("permessage-deflate; server_max_window_bits=15", plain + "; server_max_window_bits=15", 15),
        ("permessage-deflate; client_max_window_bits=8", plain + "; client_max_window_bits=8", 15),
        // RFC 7692, 7.1.2.2: quoted is the same.
        ("permessage-deflate;server_max_window_bits=\"10\"", plain + "; server_max_window_bits=10", 10),
        ("  permessage-deflate ;\tserver_max_window_bits = 9 ", plain + "; server_max_window_bits=9", 9),
        // The first that can be accepted, of several.
        ("x-webkit-deflate-frame, permessage-deflate", plain, 15),
        (
            "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=10",
            plain + "; server_max_window_bits=10", 10
        ),
        ("permessage-deflate; unheard_of, permessage-deflate", plain, 15),
        (", permessage-deflate,,", plain, 15),
    ]

    @Test(arguments: accepted)
    func accepts(offer: String, answer: String, serverWindow: UInt8) throws {
        let agreed = try #require(PerMessageDeflate(offers: offer))
        #expect(agreed.answer == answer)
        #expect(agreed.serverWindowBits == serverWindow)
    }

    @Test(arguments: [
        "", "x-webkit-deflate-frame", "permessage-bzip2", "Permessage-Deflate", "permessage-deflate2",
        // Parameters: unknown, doubled, without a value, with one too many, out of range, not as written.
        "permessage-deflate; mux", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=x", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09", "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=ten", "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=08", "permessage-deflate; client_max_window_bits=256",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=15",
        // No list of extensions.
        "permessage-deflate;", "permessage-deflate; ;", "permessage-deflate permessage-deflate",
        "permessage-deflate; server_max_window_bits=", "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=\"1 0\"", "permessage-deflate; =10",
        "permessage-deflate, (",
        "\"permessage-deflate\"", "permessage-deflate; server_max_window_bits=10\"",
    ])
    func passesOver(offer: String) {
        #expect(PerMessageDeflate(offers: offer) == nil)
    }

    @Test func offersAreReadInOrder() {
        let offers = WebSocketExtensions("a; b=1; c, d").offers
        #expect(
            offers == [
                .init(name: "a", parameters: [.init(name: "b", value: "1"), .init(name: "c", value: nil)]),
                .init(name: "d"),
            ])
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func anyHeaderIsReadOrPassedOver(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let offer = Self.accepted.randomElement(using: &random)?.offer ?? ""
            let header = String(decoding: random.mutated(Array(offer.utf8)), as: UTF8.self)
            if let agreed = PerMessageDeflate(offers: header) {
                #expect(
                    PerMessageDeflate(offers: agreed.answer)?.answer == agreed.answer,
                    "seed \(seed): \(header)")
            }
        }
    }
}
