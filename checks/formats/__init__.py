"""How a judgement is written: for people, for programs, for a forge."""
