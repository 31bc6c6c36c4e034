"""The PDUs of [MS-RDPBCGR] chapter 2, a module a section."""
