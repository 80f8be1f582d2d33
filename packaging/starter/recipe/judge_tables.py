"""The judge's categories: which real clips belong to each, and five prompts for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """``pattern`` is searched in ``folder/label``; ``prompts`` occur in no caption."""

    name: str
    pattern: str
    prompts: tuple[str, str, str, str, str]


CATEGORIES: tuple[Category, ...] = (
    Category(
        "dog",
        r"/(dog|puppy)( bark)?$",
        (
            "a watchdog defending its yard",
            "canine woofing",
            "my terrier yapping at the postman",
            "loud barks from a big hound outside",
            "doggy yelping",
        ),
    ),
    Category(
        "cat",
        r"/(cat|cat meow|kitten|meow|blackcat)$",
        (
            "hungry tomcat crying",
            "feline mewling",
            "kitty wants food",
            "a tabby miaows",
            "pet cat asking to be let in",
        ),
    ),
    Category(
        "cow",
        r"/(cow( moo| white)?|bull|yak)$",
        (
            "a heifer in the meadow",
            "dairy cattle bellow",
            "the ox lowed",
            "mooing in a barn",
            "cows at milking time",
        ),
    ),
    Category(
        "sheep and goat",
        r"/(sheep( baa| lamb)?|lamb|goat( bleat)?|mountaingoat|ram)$",
        (
            "a flock of ewes",
            "billy goat bleats",
            "lambs in the pasture",
            "a woolly ram calls",
            "baaing from the hillside",
        ),
    ),
    Category(
        "horse",
        r"/(horse( neigh| snort| gallop)?|gallops?|zebra|donkey)$",
        (
            "a stallion whinnying",
            "pony neighs in its stable",
            "a mare snorts",
            "cavalry hooves thunder past",
            "steed trotting along",
        ),
    ),
    Category(
        "poultry",
        r"/(rooster|chicken|hen|turkey( gobble)?)$",
        (
            "barnyard hens",
            "cockerel at daybreak",
            "clucking chickens in a coop",
            "a gobbling turkey",
            "the farm cock announces dawn",
        ),
    ),
    Category(
        "duck and goose",
        r"/(duck( quack)?|goose|gander|drake)$",
        (
            "mallards on a lake",
            "honking geese overhead",
            "ducks being fed",
            "a drake quacks",
            "quacking waterbirds",
        ),
    ),
    Category(
        "songbird",
        r"/(bird\d?( l| r)?|tropical: bird.*|parrot.*|canary|lark|blackbird|"
        r"cuckoo|quail|toucan|tucan)$",
        (
            "robins tweet in the garden",
            "a nightingale's song",
            "dawn chorus in spring",
            "chirpy canary in a cage",
            "finches twittering",
        ),
    ),
    Category(
        "insects",
        r"/(cicada|crickets?|grasshopper)$",
        (
            "katydids after dark",
            "cricket song on a warm evening",
            "locusts in the field",
            "chirring bugs in the grass",
            "cicada drone on a hot afternoon",
        ),
    ),
    Category(
        "big cat",
        r"/(lion.*|tiger.*|leopard.*|jaguar saw|tropical: lion roar)$",
        (
            "a panther snarls",
            "roaring king of the jungle",
            "an angry jaguar",
            "leopard growls at its prey",
            "lioness roars on the savanna",
        ),
    ),
    Category(
        "monster",
        r"(freedoom/.*(sit\d?|act|dth\d?|pain|atk)$|/(zombie.*|undead moan)$)",
        (
            "an ogre bellows",
            "horrible fiend dies",
            "the undead groan",
            "snarling hell beast",
            "ghoulish moaning of a ghoul",
        ),
    ),
    Category(
        "laughter",
        r"/(laugh.*)$",
        (
            "he chuckles wickedly",
            "hysterical giggles",
            "a witch cackles",
            "they burst out laughing",
            "a jolly ho ho ho",
        ),
    ),
    Category(
        "footsteps",
        r"(footsteps?$|/(stairs|running)$)",
        (
            "someone strolls down a corridor",
            "boots crunch along the path",
            "a soldier marches",
            "tiptoeing across the room",
            "hikers trudge through fresh snow",
        ),
    ),
    Category(
        "door",
        r"/(.*door.*|fencegate.*|chest (open|close)|d[ob]r?(opn|cls)|bd(opn|cls)|"
        r"dor(opn|cls))$",
        (
            "somebody slams the front door",
            "a gate swings shut",
            "rusty hinge of a cupboard",
            "the cellar hatch opens",
            "bedroom door being shut quietly",
        ),
    ),
    Category(
        "bells",
        r"/(church bells|bicycle bell|bell toll|doorbell|percussion bell\d?|"
        r"electronic (bell|chime)|chime|wind chime|gong)$",
        (
            "the cathedral rings at midday",
            "tolling from a steeple",
            "jingle of sleigh bells",
            "a brass bell is struck",
            "chimes at the front entrance",
        ),
    ),
    Category(
        "gunshot",
        r"/(pistol( fire)?|rifle (small )?fire( cock)?|ar (burst|fire)|gun|machinegun|"
        r"dshtgn|shotgn|shotgun fire pump)$",
        (
            "a revolver goes off",
            "sniper takes the shot",
            "automatic weapon bursts",
            "soldiers shooting in a firefight",
            "firing a handgun at the range",
        ),
    ),
    Category(
        "gun handling",
        r"/(pistol (cock|reload)|rifle (cock|fire dry)|shotgun pump|sgcock|"
        r"dbload|dbopn)$",
        (
            "racking the slide of a handgun",
            "inserting a fresh magazine",
            "chambering a round",
            "bolt action being worked",
            "pump action is racked",
        ),
    ),
    Category(
        "explosion",
        r"/(.*explosion.*|explode|barexp|rxplod|atomic.*|nuke|bombardment|firxpl)$",
        (
            "a grenade detonates",
            "dynamite blows up the bridge",
            "a building blown to pieces",
            "violent blast shakes the ground",
            "the warhead explodes",
        ),
    ),
    Category(
        "laser",
        r"/(.*laser|electron beam|blaster|plasma shot|plasma|zapper|pulse|mod blaster|"
        r"repeater|sunbeam|skylance)$",
        (
            "phaser set to stun",
            "star fighter cannons",
            "a futuristic rifle zaps",
            "alien death ray",
            "droid fires its blaster",
        ),
    ),
    Category(
        "thunder",
        r"/(thunder( l| r)?|lightningbolt)$",
        (
            "lightning cracks overhead",
            "a storm rumbles far off",
            "thunderbolt strikes nearby",
            "ominous rumble from the sky",
            "electrical storm",
        ),
    ),
    Category(
        "rain and wind",
        r"/(rain heavy|seattlerain.*|(heavy )?wind)$",
        (
            "a gale whistles round the house",
            "torrential showers",
            "raindrops patter on a tent",
            "the hurricane blows",
            "wet stormy weather",
        ),
    ),
    Category(
        "water",
        r"/(water( running)?|river|sea shore|bubbles|splash|ripples|plunge|"
        r"toyland: bubble.*)$",
        (
            "a creek trickles by",
            "somebody dives in a lake",
            "pouring a bath",
            "rapids and eddies",
            "gushing fountain",
        ),
    ),
    Category(
        "fire",
        r"/(fire|fire crackle|burn|furnace active|flamethrower|fireball|large|small|"
        r"gunpowder burning)$",
        (
            "logs blaze in the hearth",
            "a wildfire spreads",
            "embers pop and sizzle",
            "a torch flares up",
            "the inferno consumes a house",
        ),
    ),
    Category(
        "engine",
        r"/(car motor|motorbike idle|vehicle motor idle|compressor motor|car start|"
        r"car pass(ing)?|motorcycle passing|.*bus start.*|truck.*start.*|machinery)$",
        (
            "a lorry pulls off",
            "taxi waiting with its motor on",
            "a scooter rides down the lane",
            "V8 under the bonnet",
            "the tractor chugs away",
        ),
    ),
    Category(
        "aircraft",
        r"/(airplane prop|heli(copter)?|jet (ambience|flyby|land)|propeller plane start|"
        r".*jet take ?off|.*plane take ?off|takeoff)$",
        (
            "a biplane loops above",
            "fighter jets roar past",
            "an airliner departs",
            "whirling rotors of a rescue chopper",
            "Cessna climbing",
        ),
    ),
    Category(
        "alarm",
        r"/(alarm|siren|firetruck|telephone|electronic phone\d?)$",
        (
            "an evacuation warning",
            "the burglar alert goes off",
            "cop car with lights on",
            "red alert on the bridge",
            "an old phone is ringing",
        ),
    ),
    Category(
        "beep",
        r"/(beep|electronic (beep|blip|ping|plip|twip)|computer beeps|morse)$",
        (
            "sonar pings",
            "a microwave has finished",
            "telegraph code",
            "robotic bleeps",
            "supermarket scanner bleep",
        ),
    ),
    Category(
        "click",
        r"/(ui (click|switch|tick|toggle|select)|mouse(click|release)|click|swtch[nx])$",
        (
            "pressing a key",
            "toggling a switch on the wall",
            "a pen is clicked",
            "tapping a menu item",
            "flicking the breaker",
        ),
    ),
    Category(
        "whoosh",
        r"/(wh?oosh|throw|percussion sw(oo|a)sh|ambient (dark woosh|swoosh)|skeswg)$",
        (
            "a blade slices the air",
            "swishing cape",
            "an arrow flies by",
            "swift pass of a racket",
            "something hurtles past",
        ),
    ),
    Category(
        "blow",
        r"/(punch|melee hit|slap|skepch|percussion impact\d|game (hit|rockhit)|hit)$",
        (
            "a boxer lands a jab",
            "kicked in the stomach",
            "smacked hard",
            "uppercut to the jaw",
            "a brawl in the bar",
        ),
    ),
    Category(
        "kick drum",
        r"/(bass drum .*|drum (bass|heavy kick).*|electronic (soft|hollow) kick)$",
        (
            "four to the floor techno pulse",
            "a thumping 909",
            "drummer hits the bass pedal",
            "deep club kick",
            "booming low end drum",
        ),
    ),
    Category(
        "cymbal",
        r"/(hi-hat .*|drum (cymbal|splash) .*|ride cymbal.*|cymbal crash|"
        r"electronic cymbal)$",
        (
            "tapping a hat with sticks",
            "a jazz ride pattern",
            "sizzling brass plates",
            "open hats",
            "drummer crashes",
        ),
    ),
)
"""More than thirty are listed; the thirty with the most real clips are judged."""
