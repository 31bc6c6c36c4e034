"""The packets of the annotated connection sequence, [MS-RDPBCGR] 4.1.1 to 4.1.10, between Windows' own RDP 5.1 ends."""

from __future__ import annotations

CONNECTION_REQUEST = bytes.fromhex(
    "03 00 00 2c"  # TPKT: version 3, 44 bytes
    "27 e0 0000 0000 00"  # X.224: length indicator 39, CR, destination, source, class
    "436f6f6b69653a206d737473686173683d656c746f6e73 0d0a"  # Cookie: mstshash=eltons
    "01 00 0800 00000000"  # RDP_NEG_REQ: type, flags, length, requestedProtocols
)

CONNECTION_CONFIRM = bytes.fromhex(
    "03 00 00 13"  # TPKT: 19 bytes
    "0e d0 0000 1234 00"  # X.224: length indicator 14, CC, destination, source (a bogus value), class
    "02 00 0800 00000000"  # RDP_NEG_RSP: type, flags, length, selectedProtocol
)

CLIENT_CORE = bytes.fromhex(
    "04000800 0005 0004"  # version, desktopWidth 1280, desktopHeight 1024
    "01ca 03aa 09040000 ce0e0000"  # colorDepth, SASSequence, keyboardLayout, clientBuild 3790
    "45004c0054004f004e0053002d00440045005600320000000000000000000000"  # clientName ELTONS-DEV2
    "04000000 00000000 0c000000"  # keyboardType, keyboardSubType, keyboardFunctionKey
    + "00"
    * 64  # imeFileName
    + "01ca 0100 00000000"  # postBeta2ColorDepth, clientProductId, serialNumber
    "1800 0700 0100"  # highColorDepth, supportedColorDepths, earlyCapabilityFlags
    "360039003700310032002d003700380033002d0030003300350037003900370034"  # clientDigProductId
    "002d0034003200370031003400" + "00" * 18 + "00 00 00000000"  # connectionType, pad1octet, serverSelectedProtocol
)
CLIENT_CLUSTER = bytes.fromhex("0d000000 00000000")  # Flags: version 4, supported; RedirectedSessionID
CLIENT_SECURITY = bytes.fromhex("1b000000 00000000")  # encryptionMethods: all; extEncryptionMethods
CLIENT_NETWORK = bytes.fromhex(
    "03000000"  # channelCount
    "7264706472000000 00008080"  # rdpdr
    "636c697072647200 0000a0c0"  # cliprdr
    "726470736e640000 000000c0"  # rdpsnd
)
CLIENT_BLOCKS = (
    bytes.fromhex("01c0 d800")
    + CLIENT_CORE
    + bytes.fromhex("04c0 0c00")
    + CLIENT_CLUSTER
    + bytes.fromhex("02c0 0c00")
    + CLIENT_SECURITY
    + bytes.fromhex("03c0 2c00")
    + CLIENT_NETWORK
)
CONFERENCE_CREATE_REQUEST = (
    bytes.fromhex(
        "00 05 00147c0001"  # Key: object identifier of T.124
        "812a"  # connectPDU length 298
        "00 08 00 10 00"  # ConferenceCreateRequest: user data present; the name "1"; no privileges
        "01 c0 00 44756361 811c"  # one set of user data, H.221 key Duca, 284 bytes
    )
    + CLIENT_BLOCKS
)
CONNECT_INITIAL = (
    bytes.fromhex(
        "7f65 820194"  # APPLICATION 101, 404 bytes
        "040101 040101 0101ff"  # callingDomainSelector, calledDomainSelector, upwardFlag
        "3019 020122 020102 020100 020101 020100 020101 0202ffff 020102"  # targetParameters
        "3019 020101 020101 020101 020101 020100 020101 02020420 020102"  # minimumParameters
        "301c 0202ffff 0202fc17 0202ffff 020101 020100 020101 0202ffff 020102"  # maximumParameters
        "04 820133"  # userData, 307 bytes
    )
    + CONFERENCE_CREATE_REQUEST
)

SERVER_RANDOM = bytes.fromhex("10117720 30610a12 e434a11e f2c39f31 7da45f01 893496e0 ff110869 7f1ac3d2")
SERVER_MODULUS = bytes.fromhex(
    "cb81feba6d61c35505d55f2e87f87194d6f1a5cbf15f0c3df8700296c4fb9bc8"
    "3c2d55aee8ff3275ea6879e5a201fd31a0b11f55a61fc1f6d18388632656 12bc"
)
SERVER_SIGNATURE = bytes.fromhex(
    "e9e1d628468b4ef50adffdee2199acb4e18f5f815782ef9d965263271829dbb3"
    "4afd9ada42adb56921890e1dc04c1aa8aa713e0f54b99ae499683f6cd6768461 0000000000000000"
)
SERVER_CERTIFICATE = (
    bytes.fromhex(
        "01000000 01000000 01000000"  # dwVersion, dwSigAlgId, dwKeyAlgId
        "0600 5c00"  # wPublicKeyBlobType, wPublicKeyBlobLen
        "52534131 48000000 00020000 3f000000 01000100"  # magic, keylen 72, bitlen 512, datalen 63, pubExp
    )
    + SERVER_MODULUS
    + bytes(8)
    + bytes.fromhex("0800 4800")  # wSignatureBlobType, wSignatureBlobLen
    + SERVER_SIGNATURE
)
SERVER_BLOCKS = (
    bytes.fromhex(
        "010c 0c00 04000800 00000000"  # SC_CORE: version, clientRequestedProtocols
        "030c 1000 eb03 0300 ec03 ed03 ee03 0000"  # SC_NET: I/O channel, three channels, Pad
        "020c ec00 02000000 02000000 20000000 b8000000"  # SC_SECURITY: 128 bit, client compatible, both lengths
    )
    + SERVER_RANDOM
    + SERVER_CERTIFICATE
)
CONFERENCE_CREATE_RESPONSE = (
    bytes.fromhex(
        "00 05 00147c0001 2a"  # Key; connectPDU length, which is ignored
        "14 760a 0101 00"  # ConferenceCreateResponse: user data present; nodeID 31219; tag 1; success
        "01 c0 00 4d63446e 8108"  # one set of user data, H.221 key McDn, 264 bytes
    )
    + SERVER_BLOCKS
)
CONNECT_RESPONSE = (
    bytes.fromhex(
        "7f66 820145"  # APPLICATION 102, 325 bytes
        "0a0100 020100"  # rt-successful, calledConnectId
        "301a 020122 020103 020100 020101 020100 020101 020300fff8 020102"  # domainParameters
        "04 82011f"  # userData, 287 bytes
    )
    + CONFERENCE_CREATE_RESPONSE
)

ERECT_DOMAIN_REQUEST = bytes.fromhex("0300000c 02f080 04 0100 0100")
ATTACH_USER_REQUEST = bytes.fromhex("03000008 02f080 28")
ATTACH_USER_CONFIRM = bytes.fromhex("0300000b 02f080 2e00 0006")
CHANNEL_JOIN_REQUEST = bytes.fromhex("0300000c 02f080 38 0006 03ef")
CHANNEL_JOIN_CONFIRM = bytes.fromhex("0300000f 02f080 3e00 0006 03ef 03ef")

SECURITY_EXCHANGE = bytes.fromhex(
    "0300005e 02f080"
    "64 0006 03eb 70 50"  # SendDataRequest: initiator 1007, channel 1003, high, begin and end, 80 bytes
    "0102 0000"  # TS_SECURITY_HEADER: flags, flagsHi
    "48000000"  # length
    "91ac0c8f648c39f4e7ff0a3b79115c13512acb728f9db7422ef7084c8eae5599"
    "62d28181e466c805ead473063fc85faf2afdfcf164b33f0a151ddb2c109d3011"
    "0000000000000000"
)

CLIENT_INFO = bytes.fromhex(
    "09040904 b3430000"  # CodePage, flags
    "0a00 0c00 0000 0000 0000"  # cbDomain, cbUserName, cbPassword, cbAlternateShell, cbWorkingDir
    "4e0054004400450056000000 65006c0074006f006e0073000000 0000 0000 0000"
    "0200 1e00"  # clientAddressFamily, cbClientAddress
    "3100350037002e00350039002e003200340032002e003100350036000000"
    "8400"  # cbClientDir
    "43003a005c006400650070006f00740073005c00770032006b0033005f0031005c007400650072006d007300720076005c"
    "006e006500770063006c00690065006e0074005c006c00690062005c00770069006e00330032005c006f0062006a005c00"
    "69003300380036005c006d007300740073006300610078002e0064006c006c000000"
    "e0010000"  # Bias
    "5000610063006900660069006300200053007400"  # StandardName
    "61006e0064006100720064002000540069006d006500"
    + "00"
    * 22
    + "0000 0a00 0000 0500 0200 0000 0000 0000"  # StandardDate
    "00000000"  # StandardBias
    "5000610063006900660069006300200044006100"  # DaylightName
    "79006c0069006700680074002000540069006d006500"
    + "00"
    * 22
    + "0000 0400 0000 0100 0200 0000 0000 0000"  # DaylightDate
    "c4ffffff"  # DaylightBias
    "00000000 01000000 0000"  # clientSessionId, performanceFlags, cbAutoReconnectCookie
)
