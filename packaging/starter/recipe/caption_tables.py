"""Word tables behind the captions of the real clips."""

from __future__ import annotations

from typing import NamedTuple

DOOM_NAMES = {
    "barexp": "barrel explosion",
    "bdcls": "heavy metal door closing fast",
    "bdopn": "heavy metal door opening fast",
    "bfg": "huge energy weapon firing",
    "boscub": "demonic cube flying",
    "bospit": "demon spitting a cube",
    "claw": "claw slash",
    "dbcls": "double barrelled shotgun closing",
    "dbload": "loading shotgun shells",
    "dbopn": "double barrelled shotgun opening",
    "dorcls": "mechanical door closing",
    "doropn": "mechanical door opening",
    "dshtgn": "double barrelled shotgun shot",
    "firsht": "fireball launch",
    "firxpl": "fireball explosion",
    "flame": "flames",
    "getpow": "power up pickup",
    "hoof": "heavy hoof footstep",
    "itemup": "item pickup",
    "itmbk": "item respawn shimmer",
    "metal": "metal foot stomp",
    "noway": "grunt of effort",
    "oof": "grunt after a fall",
    "pistol": "pistol gunshot",
    "plasma": "plasma gun shot",
    "podth": "soldier dying scream",
    "pstart": "platform motor starting",
    "pstop": "platform stopping with a clunk",
    "punch": "punch",
    "radio": "radio chatter blip",
    "rlaunc": "rocket launch",
    "rxplod": "rocket explosion",
    "sawful": "chainsaw revving at full throttle",
    "sawhit": "chainsaw cutting",
    "sawidl": "chainsaw idling",
    "sawup": "chainsaw starting up",
    "sgcock": "shotgun pump cocking",
    "shotgn": "shotgun gunshot",
    "skeswg": "bone fist swinging whoosh",
    "skepch": "bone punch",
    "sklatk": "skull attack hiss",
    "slop": "wet gore splat",
    "stnmov": "stone door grinding",
    "swtchn": "switch being flipped",
    "swtchx": "switch clicking off",
    "telept": "teleport",
    "tink": "small metal tink",
    "wpnup": "weapon pickup",
}

DOOM_SUFFIXES = (
    ("pain", "monster grunting in pain"),
    ("act", "monster growling quietly"),
    ("dth", "monster death scream"),
    ("sit", "monster roar"),
    ("atk", "monster attack snarl"),
    ("pn", "creature in pain"),
    ("dt", "creature dying"),
    ("hi", "man screaming"),
    ("dth1", "monster dying"),
    ("1", "monster voice"),
    ("2", "monster voice"),
    ("3", "monster voice"),
)


class Concept(NamedTuple):
    """What people ask for: where a caption says it, other ways to say it, and where UCS files it.

    ``categories`` are CatIDs, whose synonyms are further words for it.
    """

    pattern: str
    phrases: tuple[str, ...]
    categories: tuple[str, ...]


CONCEPTS: tuple[Concept, ...] = (
    Concept(
        r"\bdog|puppy",
        ("dog barking", "a dog barks", "barking puppy", "angry dog bark", "hound bark"),
        ("ANMLDog",),
    ),
    Concept(
        r"\bcat\b|kitten",
        ("cat meowing", "a cat meows", "kitten mewing", "meow of a house cat"),
        ("ANMLCat",),
    ),
    Concept(
        r"\bcow\b|yak", ("cow mooing", "a cow moos", "cattle lowing", "moo", "bull on a farm"), ()
    ),
    Concept(
        r"sheep|lamb|goat",
        ("sheep bleating", "a lamb bleats", "baa", "goat on a farm", "bleat"),
        (),
    ),
    Concept(
        r"horse neigh|horse snort|\bhorse\b",
        ("horse neighing", "a horse whinnies", "horse snorting"),
        ("ANMLHors",),
    ),
    Concept(
        r"gallop",
        ("horse galloping", "horse hooves on the ground", "galloping horse", "hoofbeats"),
        ("FEETHors",),
    ),
    Concept(
        r"rooster",
        ("rooster crowing", "cock crow in the morning", "cockerel", "cock a doodle doo"),
        ("BIRDFowl",),
    ),
    Concept(
        r"chicken|turkey|quail|hen\b",
        ("hen clucking", "chicken cluck", "poultry on a farm"),
        ("BIRDFowl",),
    ),
    Concept(
        r"duck|goose",
        ("duck quacking", "a goose honks", "quack", "waterfowl calling"),
        ("BIRDWade",),
    ),
    Concept(r"pig", ("pig grunting", "a pig snorts", "oink", "piglet squeal"), ()),
    Concept(r"owl", ("owl hooting", "an owl at night", "hoot of an owl"), ("BIRDPrey",)),
    Concept(r"crow|vulture", ("crow cawing", "raven call", "harsh bird caw"), ("BIRDCrow",)),
    Concept(
        r"(sea)?gull",
        ("seagulls calling", "gulls at the harbour", "sea birds crying"),
        ("BIRDSea",),
    ),
    Concept(r"woodpecker", ("woodpecker drumming", "bird pecking on wood"), ()),
    Concept(
        r"\bbird|parrot|pigeon|peacock",
        ("bird chirping", "birdsong", "a bird sings", "tweeting birds"),
        ("BIRDSong", "AMBBird"),
    ),
    Concept(
        r"penguin|sea lion", ("sea lion barking", "penguin colony call", "seal bark"), ("ANMLAqua",)
    ),
    Concept(
        r"cicada|cricket|grasshopper",
        ("crickets chirping", "cicadas buzzing", "insects at night", "summer meadow insects"),
        ("ANMLInsc", "AMBInsc"),
    ),
    Concept(
        r"\bbees?\b|bumble",
        ("bee buzzing", "insect wings buzzing", "swarm of bees", "wasp flying by"),
        ("WINGInsc",),
    ),
    Concept(r"frog", ("frog croaking", "frogs at a pond", "toad croak"), ("ANMLAmph",)),
    Concept(
        r"wolf|coyote|hyena",
        ("wolf howling", "a wolf howls at the moon", "coyote howl", "hyena call"),
        ("ANMLWdog",),
    ),
    Concept(
        r"lion|tiger|leopard",
        ("big cat roaring", "lion roar", "tiger growl", "snarling tiger"),
        ("ANMLWcat",),
    ),
    Concept(
        r"monkey|gorilla",
        ("monkey screeching", "ape calls", "gorilla grunting", "jungle monkeys"),
        ("ANMLPrim",),
    ),
    Concept(r"elephant", ("elephant trumpeting", "trumpet of an elephant"), ()),
    Concept(
        r"squirrel|mouse|\bbat\b",
        ("small rodent squeaking", "tiny animal chatter", "squeaking mouse"),
        ("ANMLRdnt",),
    ),
    Concept(r"camel", ("camel groaning", "grumbling camel"), ()),
    Concept(
        r"monster (roar|attack)",
        ("demon roaring", "beast snarl", "creature growl", "monster snarling"),
        ("CREAMnstr", "CREABeast"),
    ),
    Concept(
        r"monster|creature",
        ("creature growl", "beast groaning", "demon voice", "dragon grunt"),
        ("CREAMnstr", "CREABeast"),
    ),
    Concept(
        r"zombie|undead|skeleton",
        ("zombie groaning", "undead moan", "monster growl", "ghoul growling"),
        ("CREAHmn",),
    ),
    Concept(
        r"laugh",
        ("person laughing", "laughter", "evil laugh", "a man laughs", "giggling"),
        ("VOXLaff", "CRWDLaff"),
    ),
    Concept(
        r"scream|hurt|damage|player pain",
        ("person screaming", "cry of pain", "shriek", "yell"),
        ("VOXScrm",),
    ),
    Concept(
        r"vomit|burp",
        ("person vomiting", "burp", "retching", "gross body sound"),
        ("HMNVomit", "HMNBurp"),
    ),
    Concept(
        r"mermaid|choir|oooh",
        ("choir singing", "female voice singing softly", "vocal pad"),
        ("VOXSing", "MUSCChor"),
    ),
    Concept(
        r"applause",
        ("audience applause", "crowd clapping", "people clapping and cheering"),
        ("CRWDApls",),
    ),
    Concept(r"heartbeat", ("heart beating", "heartbeat thumping"), ("HMNHart",)),
    Concept(
        r"snow.*foot", ("footsteps in snow", "walking in crunchy snow", "snow steps"), ("SNOWMvmt",)
    ),
    Concept(
        r"sand.*foot", ("footsteps on sand", "walking on a beach", "sandy steps"), ("DIRTMvmt",)
    ),
    Concept(
        r"metal.*foot",
        ("footsteps on metal", "walking on a metal floor", "steps on a steel grate"),
        ("METLMvmt",),
    ),
    Concept(
        r"water.*foot",
        ("footsteps in water", "wading through puddles", "splashing steps"),
        ("WATRMvmt",),
    ),
    Concept(r"ice.*foot", ("footsteps on ice", "steps on a frozen floor"), ("ICEMvmt",)),
    Concept(
        r"footstep|running|stairs",
        (
            "footsteps",
            "walking on a hard floor",
            "steps of shoes",
            "person walking",
            "boots on concrete",
        ),
        ("FEETHmn", "FOLYFeet"),
    ),
    Concept(
        r"glass door", ("glass door sliding", "door with glass panes", "shop door"), ("DOORGlas",)
    ),
    Concept(
        r"door ?creak|tree creak|creak",
        ("creaking door", "squeaky hinges", "old wooden door creaks", "wood creaking"),
        ("DOORCreak",),
    ),
    Concept(
        r"door close|door cls|fencegate close|chest close",
        ("door closing", "door slam", "door shuts", "wooden lid closing"),
        ("DOORWood", "DOORMetl"),
    ),
    Concept(r"doorbell", ("doorbell ringing", "ding dong", "door chime"), ("BELLDoor",)),
    Concept(
        r"knock", ("knocking on a door", "knock knock", "fist knocking on wood"), ("DOORKnck",)
    ),
    Concept(
        r"door|fencegate|chest",
        ("door opening", "opening a door", "door handle and latch"),
        ("DOORWood", "DOORGate", "DOORHdwr", "DOORCab"),
    ),
    Concept(
        r"break glass|glass break",
        ("glass shattering", "breaking window", "smashed bottle"),
        ("GLASBrk",),
    ),
    Concept(
        r"glass",
        ("glass clink", "tap on a wine glass", "bright glass sound"),
        ("GLASTonl", "GLASImpt"),
    ),
    Concept(
        r"church bell", ("church bells ringing", "bell tower", "large bell tolling"), ("BELLLrg",)
    ),
    Concept(
        r"chime|bling",
        ("chimes", "wind chime tinkling", "magic sparkle", "bright shimmering bells"),
        ("MUSCChim", "MAGShim"),
    ),
    Concept(
        r"bell\b",
        ("bell ringing", "small bell", "ding of a bell", "hand bell"),
        ("BELLHand", "BELLMisc"),
    ),
    Concept(
        r"shotgun pump|cock|reload|loading",
        ("gun being cocked", "reloading a weapon", "weapon cocking click", "pulling a gun's slide"),
        ("GUNMech", "GUNHndl"),
    ),
    Concept(
        r"rifle|pistol|\bgun\b|shotgun|machinegun|\bar (fire|burst)|ricochet|gunshot",
        ("gunshot", "gun firing", "rifle shot", "shooting", "pistol shot", "loud gun blast"),
        ("GUNPis", "GUNRif", "GUNAuto", "GUNShotg"),
    ),
    Concept(r"cannon", ("cannon firing", "artillery shot", "big gun boom"), ("GUNCano", "GUNArtl")),
    Concept(
        r"firework",
        ("fireworks", "firecracker bang", "fireworks exploding in the sky"),
        ("FRWKComr", "FRWKRec"),
    ),
    Concept(
        r"explo|(?:\w+ )*explosion|atomic|nuke|detonat|barexp|bombard|thunderhead",
        ("explosion", "big explosion", "bomb blast", "detonation", "boom with debris"),
        ("EXPLReal", "EXPLDsgn"),
    ),
    Concept(
        r"laser|heavy laser|(electron )?beam|zapper|blaster|lance|pulse",
        ("laser shot", "sci fi laser gun", "zap", "ray gun pew", "energy weapon blaster"),
        ("LASRGun", "LASRBeam"),
    ),
    Concept(
        r"plasma|ion(ic)?\b|particle|proton",
        ("plasma weapon", "energy discharge", "science fiction impact"),
        ("SCIEnrg", "SCIWeap"),
    ),
    Concept(
        r"rocket|missile|torpedo|javelin",
        ("rocket launch", "missile flying", "rocket thrust"),
        ("AERORckt",),
    ),
    Concept(
        r"hyperdrive|jump (drive|in|out)|takeoff|landing|afterburner",
        ("spaceship engine", "warp drive", "starship flying by"),
        ("SCIShip",),
    ),
    Concept(
        r"thunder",
        ("thunder rumbling", "thunderclap", "thunderstorm", "lightning strike"),
        ("THUN",),
    ),
    Concept(
        r"rain",
        ("rain falling", "heavy rain", "rainfall on a roof", "downpour", "rain shower"),
        ("RAIN",),
    ),
    Concept(
        r"wind\b",
        ("wind blowing", "howling wind", "strong gusts of wind", "stormy breeze"),
        ("WIND", "WINDGust", "WINDTurb"),
    ),
    Concept(
        r"sea shore|surf|wave",
        ("ocean waves", "surf on a beach", "sea waves rolling in"),
        ("WATRSurf", "WATRWave"),
    ),
    Concept(
        r"bubble",
        ("bubbles", "bubbling liquid", "underwater bubbles", "gurgling"),
        ("WATRBubl", "LIQBubl"),
    ),
    Concept(
        r"(?<!drum )splash|splat",
        ("water splash", "something falls into water", "wet splat"),
        ("WATRSplsh",),
    ),
    Concept(r"lava", ("bubbling lava", "thick boiling mud"), ("GEOLava",)),
    Concept(
        r"water|river",
        ("flowing water", "stream", "brook babbling", "running water", "river"),
        ("WATRFlow", "WATRPour"),
    ),
    Concept(
        r"fireball",
        ("fireball whoosh", "burst of flame", "magic fire spell"),
        ("FIREWhsh", "FIREBrst"),
    ),
    Concept(
        (r"^fire\b|fire crackle|burn|furnace|^large$|^small$|flamethrower|flint" r"|ignite|match"),
        ("fire crackling", "campfire", "burning wood", "flames burning", "fireplace"),
        ("FIREBurn", "FIRECrkl", "FIRETrch"),
    ),
    Concept(r"fuse", ("burning fuse", "sizzling fuse", "hissing sparks"), ("FIRESizz",)),
    Concept(
        r"spark",
        ("electric sparks", "electricity crackling", "short circuit zap"),
        ("ELECSprk", "ELECZap", "ELECArc"),
    ),
    Concept(
        r"helicopter|heli\b",
        ("helicopter flying", "rotor blades", "chopper overhead"),
        ("AEROHeli",),
    ),
    Concept(
        r"jet|plane|airplane",
        ("jet aircraft flying by", "airplane engine", "plane taking off"),
        ("AEROJet", "AEROProp", "AEROMil"),
    ),
    Concept(
        r"train|steam",
        ("train passing", "steam locomotive", "railway train on tracks"),
        ("TRNSteam", "TRNDiesl", "TRNClak"),
    ),
    Concept(
        r"horn|vehicle horn",
        ("car horn honking", "honk", "horn blast", "ship horn"),
        ("VEHHorn", "HORNTrad"),
    ),
    Concept(
        r"siren",
        ("police siren", "ambulance siren wailing", "emergency siren"),
        ("VEHSirn", "ALRMSirn"),
    ),
    Concept(
        r"alarm",
        ("alarm", "warning alarm beeping", "alarm clock", "klaxon"),
        ("ALRMElec", "ALRMClok", "ALRMBuzr"),
    ),
    Concept(
        r"telephone|phone", ("telephone ringing", "phone ring", "ringtone"), ("COMTelph", "COMCell")
    ),
    Concept(r"car crash|crash\b", ("car crash", "metal crash", "collision"), ("METLCrsh",)),
    Concept(
        r"car|bus|truck|motor|motorbike|engine|vehicle",
        ("car engine", "engine idling", "motor running", "vehicle driving", "engine revving"),
        ("VEHCar", "VEHMoto", "VEHTruck", "VEHBus", "MOTRComb"),
    ),
    Concept(
        r"chainsaw|sawmill|jackhammer|drill",
        ("power tool", "chainsaw", "saw cutting wood", "construction machine"),
        ("TOOLPowr",),
    ),
    Concept(
        r"machine(ry|s)?\b|mining machinery|factory|mine\b|quarry|industrial|printer",
        ("factory machine", "machinery running", "mechanical industrial noise"),
        ("MACHInd", "MACHMisc"),
    ),
    Concept(r"clock|watch", ("clock ticking", "tick tock", "watch ticks"), ("CLOCKTick",)),
    Concept(
        r"chalk|pencil|write",
        ("writing on paper", "chalk on a blackboard", "pencil scribbling"),
        ("OBJWrite",),
    ),
    Concept(
        r"scrape|scratch",
        ("scraping", "scratching a surface", "rough scrape"),
        ("METLFric", "WOODFric"),
    ),
    Concept(r"zipper", ("zip being closed", "zipper pulled"), ("OBJZipr",)),
    Concept(r"whistle", ("whistle blowing", "whistling"), ("WHSTMech", "WHSTHmn")),
    Concept(r"balloon", ("balloon", "rubber squeak", "balloon pop"), ("RUBRFric",)),
    Concept(r"coin", ("coin pickup", "game coin", "coins", "money reward"), ("OBJCoin",)),
    Concept(
        r"woosh|whoosh|swoosh|swash|throw|swing",
        ("whoosh", "fast swish", "air swoosh passing by", "quick swipe through the air"),
        ("WHSH", "SWSH"),
    ),
    Concept(
        r"punch|melee|slap|hit\b|impact|strike",
        ("punch", "body hit", "heavy impact", "thud", "fist hitting"),
        ("FGHTImpt",),
    ),
    Concept(
        r"boom|cineboom",
        ("deep cinematic boom", "low impact boom", "trailer hit"),
        ("DSGNBoom", "DSGNImpt"),
    ),
    Concept(
        r"dig metal|dug metal|node metal|chain|^metal",
        ("metal clank", "metal hit", "clang of metal"),
        ("METLImpt",),
    ),
    Concept(
        r"dig|dug|gravel|chop|axe|tool",
        ("digging", "hitting rocks", "chopping wood", "pickaxe hit"),
        ("ROCKImpt", "DIRTImpt"),
    ),
    Concept(
        r"error|fail|lose|gameover|question",
        ("error sound", "negative buzzer", "failure jingle", "wrong answer"),
        ("UIAlert",),
    ),
    Concept(
        r"confirmation|upgrade|secret|fanfare|jingle|good year",
        ("success jingle", "positive tune", "level up", "confirmation tone"),
        ("GAMEVideo",),
    ),
    Concept(
        r"beep|blip|morse",
        ("electronic beep", "beep", "computer beep", "short tone"),
        ("BEEP", "BEEPAppl"),
    ),
    Concept(
        (
            r"ui (click|switch|tick|toggle|select|rollover|mouse)|^click"
            r"|mouse(click|release)|square click"
        ),
        ("button click", "mouse click", "switch click", "user interface click", "light switch"),
        ("UIClick", "MECHClik", "MECHSwtch"),
    ),
    Concept(
        r"^ui ",
        ("interface sound", "menu sound", "app notification", "user interface blip"),
        ("UIMisc",),
    ),
    Concept(r"kick|bass drum|drum bass", ("kick drum", "bass drum hit", "low drum thump"), ()),
    Concept(r"snare", ("snare drum", "snare hit", "crisp snare"), ()),
    Concept(r"hi-hat|hi hat", ("hi hat", "closed hi hat tick", "hihat cymbal"), ()),
    Concept(r"cymbal|splash", ("cymbal crash", "ride cymbal", "crash cymbal hit"), ()),
    Concept(r"tabla", ("tabla drum", "hand drum hit", "indian percussion"), ()),
    Concept(r"\btom\b|drum", ("drum hit", "tom drum", "percussion"), ()),
    Concept(r"loop", ("drum loop", "rhythm beat", "looping groove"), ("MUSCLoop",)),
    Concept(r"bass note", ("synth bass note", "deep bass tone", "electronic bass"), ("MUSCSynth",)),
    Concept(
        r"guitar|gtr|fret", ("electric guitar", "guitar strum", "plucked strings"), ("MUSCPluck",)
    ),
    Concept(r"piano", ("piano note", "piano chord", "soft piano"), ("MUSCKeyd",)),
    Concept(r"vinyl", ("vinyl scratch", "turntable scratching", "record noise"), ("COMPhono",)),
    Concept(
        r"drone|hum|ambient|resonance|buzz",
        ("dark drone", "ambient hum", "low eerie pad", "droning atmosphere"),
        ("DSGNDron", "ELECBuzz"),
    ),
    Concept(r"glitch", ("digital glitch", "data error noise", "broken electronics"), ("UIGlitch",)),
    Concept(r"robot", ("robot voice", "robotic chatter", "machine talking"), ("ROBTVox",)),
    Concept(
        r"teleport|spell|magic",
        ("magic spell", "teleport shimmer", "mystical whoosh"),
        ("MAGSpel",),
    ),
)
