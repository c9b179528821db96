"""Given names common enough to hint at a person; a hint is all they are."""

from __future__ import annotations

import re
from typing import Final

_COMMON: Final = """
aaliyah aaron abdul abigail abraham ada adam adele adrian agnes ahmad ahmed aidan aisha alan
albert alejandro alex alexander alexandra alfred ali alice alicia alison alyssa amanda amara
amelia amina amir amy ana ananya andre andrea andreas andrew andy angela anita anjali ann anna
anne annika anthony antonio arjun arthur asha ashley astrid audrey aurora ava ayesha barbara
beatrice ben benjamin bernard beth bianca bilal bjorn bogdan boris brandon brenda brian bridget
bruce caitlin cameron camila carl carla carlos carmen caroline catherine cecilia chandra charles
charlotte chen chiara chloe chris christian christina christine christopher claire clara claudia
colin connor craig cynthia daniel daniela danielle david deborah deepak denise dennis derek
diana diego dimitri dominic donald donna doris dorothy douglas dylan edith edward eileen elaine
eleanor elena eliza elizabeth ella ellen emil emilia emily emma eric erika ernest ethan eva
evelyn fatima felix fernando fiona florence frances francesca francis frank fred gabriel
gabriela gareth gary gavin geoffrey george georgia gerald giovanni giulia gloria gordon grace
graham greta guillaume gustav hana hannah hans harold harry hassan heather helen helena henry
hiroshi holly hugo ian ibrahim igor imran ingrid irene isaac isabel isabella ivan jack jacob
jake james jamie jan jane janet jasmine jason javier jean jeffrey jennifer jeremy jerry jessica
jesus jill joan joanna jodie joel johan johanna john jonas jonathan jordan jorge jose joseph
joshua joyce juan judith judy julia julian julie jun karen karim karin karl kate katherine
kathleen katie keith kelly ken kenneth kenji kevin khalid kim kimberly klaus kumar kylie lars
laura lauren lawrence leah lee leila lena leo leon leonard leonie liam lily linda lisa logan
lorenzo louis louise luca lucas lucia lucy luis lukas lydia lynn madison magda malik manuel
marco margaret maria mariam marie marina mario mark marta martha martin martina mary mateo
matthew maureen max maya megan mehmet mei melanie melissa mia michael michelle miguel mikhail
mila min miriam mohamed mohammed monica muhammad nadia nancy naomi natalia natalie natasha
nathan neha neil nicholas nicola nicole nigel nikhil nina noah noor nora norman olga oliver
olivia omar oscar owen pablo pamela patricia patrick paul paula pauline pedro peter petra philip
philippe phoebe pierre priya rachel rafael rahul raj ralph ramon raymond rebecca renee ricardo
richard rita robert roberto robin rodrigo roger rohan roland ronald rosa rose rosemary ross
roy ruby russell ruth ryan sabrina sally sam samantha samir samuel sandra sanjay santiago sara
sarah sean sebastian sergei shane shannon sharon sheila shirley simon sofia sonia sophia sophie
stacey stefan stella stephanie stephen steven stuart sunil susan suzanne svetlana sven sylvia
tamara tanya tara tatiana teresa terry theo theresa thomas tiffany timothy tina tobias todd tom
tomas tony tracey trevor tyler uma ursula valentina valerie vanessa vera veronica vicente
victor victoria vijay vikram vincent violet virginia vivian vladimir walter wei wendy william
winston xavier yasmin yolanda yuki yusuf yvonne zachary zainab zara zoe
"""
GIVEN: Final = frozenset(_COMMON.split())

_WORD: Final = r"[A-ZÀ-Þ][a-zß-ÿ]+"
_PREFIX: Final = r"(?:[A-ZÀ-Þ]['\u2019]|Mc|Mac|de |van |von )"
PAIR: Final = re.compile(rf"(?<![^\W\d_])({_WORD}) (?=({_PREFIX}*{_WORD}))")
"""A capitalised word that another one follows; the second may be the first of the next pair."""

_OF_PLACES: Final = """
avenue bank bay beach bridge church city club college court drive garden gardens hill hospital hotel
house island lane market park place road school square station street university valley
"""
_PLACES: Final = frozenset(_OF_PLACES.split())


def is_name(first: str, second: str) -> bool:
    """Whether two capitalised words read like given and family name, and not like a place."""
    return first.lower() in GIVEN and second.lower() not in _PLACES
