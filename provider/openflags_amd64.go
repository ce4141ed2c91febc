package provider

const openLargefile OpenFlags = 0o100000 // x/sys has what a 64-bit open(2) needs: 0
