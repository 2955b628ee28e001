// swift-tools-version: 6.2
import PackageDescription

/// The same for every target: Swift 6 mode comes with the tools version; warnings are errors.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(
    name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"]))
let zlib = Target.Dependency.target(name: "CZlib", condition: .when(traits: ["Compression"]))
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "dante",
    products: [
        .executable(name: "dante", targets: ["dante"]),
        .library(name: "SocketIOServer", targets: ["SocketIOServer"]),
        .library(name: "SocketIORedis", targets: ["SocketIORedis"]),
    ],
    traits: [
        .trait(name: "TLS", description: "https and wss, by swift-nio-ssl."),
        .trait(
            name: "Compression",
            description: "permessage-deflate and gzip, by the system's zlib (Debian: zlib1g-dev)."),
        .default(enabledTraits: []),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        // Fetched with the trait TLS only.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    ],
    targets: [
        // Pure: these import nothing outside this list, which `.ci/run` checks.
        .target(name: "SocketIOCore", swiftSettings: settings),
        .target(name: "Recital", swiftSettings: settings),
        .target(name: "SocketIO", dependencies: ["SocketIOCore"], swiftSettings: settings),

        // The edge, and the command.
        .systemLibrary(name: "CZlib"),
        .target(
            name: "SocketIOServer",
            dependencies: ["SocketIO", "SocketIOCore", nioCore, nioPosix, nioHTTP1, nioSSL, zlib, logging],
            swiftSettings: settings),
        // Several processes as one server.
        .target(
            name: "SocketIORedis",
            dependencies: ["SocketIO", "SocketIOCore", nioCore, nioPosix, nioSSL, logging],
            swiftSettings: settings),
        // A target of its own, so that the cost of compiling bytes is paid once and not at every edit.
        .target(
            name: "DanteAssets",
            resources: [
                .embedInCode("../../Resources/inferno-1-longfellow.txt"),
                .embedInCode("../../Public/index.html"),
                .embedInCode("../../Public/page.css"),
                .embedInCode("../../Public/page.js"),
                .embedInCode("../../Public/slash.js"),
                .embedInCode("../../Public/embed.js"),
                .embedInCode("../../Public/chat.html"),
                .embedInCode("../../Public/chat.css"),
                .embedInCode("../../Public/chat.js"),
                .embedInCode("../../Public/socket.io.js"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "dante",
            dependencies: ["SocketIOServer", "SocketIORedis", "Recital", "DanteAssets", logging, zlib],
            swiftSettings: settings),

        // What the public protocol test suites talk to.
        .executableTarget(
            name: "dante-suite-server", dependencies: ["SocketIOServer", "SocketIORedis", logging],
            path: "Tests/SuiteServer",
            swiftSettings: settings),

        // What callgrind counts; `Tests/Bench/instructions` runs it.
        .executableTarget(
            name: "dante-instructions", dependencies: ["SocketIO", "SocketIOCore"],
            path: "Tests/Bench/Instructions", swiftSettings: settings),

        // Fuzz targets of the core; `Tests/Fuzz/run` builds them with libFuzzer.
        .executableTarget(
            name: "dante-fuzz", dependencies: ["SocketIOCore"], path: "Tests/Fuzz", exclude: ["run"],
            swiftSettings: settings),

        // The README's example: a test compares it with the text there, and clients speak to it.
        .executableTarget(
            name: "dante-library-example", dependencies: ["SocketIOServer"], path: "Tests/LibraryExample",
            swiftSettings: settings),

        // What several test targets share.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "SocketIOCoreTests", dependencies: ["SocketIOCore", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "SocketIOTests", dependencies: ["SocketIO", "SocketIOCore", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "SocketIOServerTests",
            dependencies: [
                "SocketIOServer", "SocketIORedis", "SocketIO", "SocketIOCore", "TestSupport", logging,
                nioCore, nioPosix, nioHTTP1,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SocketIORedisTests",
            dependencies: [
                "SocketIORedis", "SocketIO", "SocketIOCore", "TestSupport", nioCore, nioPosix, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "RecitalTests", dependencies: ["Recital", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["dante", "DanteAssets", "Recital", "SocketIO", "SocketIOCore"],
            swiftSettings: settings),
        .testTarget(
            name: "danteTests", dependencies: ["dante", "SocketIOServer"], swiftSettings: settings),
    ]
)
