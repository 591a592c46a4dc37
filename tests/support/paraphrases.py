"""A hundred captions, and how somebody might ask for each in other words; written for the tests of search by meaning."""

_LINES = """
A dog runs across the beach and jumps into the waves. | puppy playing in the sea
A man in a white coat looks into a microscope. | scientist at work in a laboratory
Two children build a tower of wooden blocks on the carpet. | kids playing with toys indoors
Flames come out of the roof of a house while people watch. | a building on fire
A woman chops onions and drops them into a hot pan. | frying vegetables
A red car leaves the road and hits a tree. | traffic accident
An old couple dance slowly in an empty hall. | elderly people dancing together
Snow falls on a village at night. | winter weather after dark
A crowd with banners walks down the avenue, shouting. | protest march
A surgeon bends over a patient under bright lamps. | operation in a hospital
The striker shoots and the ball lands in the net. | a goal in a football match
A baby takes its first steps and falls onto a cushion. | infant learning to walk
A train arrives at the platform and passengers get off. | people leaving a railway carriage
A girl blows out eight candles on a cake. | birthday party
A farmer drives a tractor over a brown field. | agricultural machine ploughing
The president signs a paper at a large desk. | politician putting his name on a document
A bride throws her flowers to the guests. | wedding celebration
A plane touches down on the wet runway. | aircraft landing
Lightning strikes behind the skyline. | thunderstorm over the city
A teacher writes an equation on the blackboard. | mathematics lesson in school
A cat sleeps on a window sill in the sun. | resting kitten
Soldiers in uniform march past a stand. | military parade
A waiter carries four plates to a table. | food being served in a restaurant
A diver swims beside a large turtle. | underwater encounter with a sea animal
A boy cries because his ice cream fell on the ground. | sad child dropped his dessert
Workers in helmets pour concrete on the third floor. | construction site
A woman reads a book on a park bench. | somebody enjoying literature outdoors
The musician tunes his violin before the concert. | preparing a string instrument to perform
A thief takes a wallet out of a handbag. | pickpocket stealing money
A helicopter lifts a climber from the cliff. | mountain rescue from the air
Water flows over the dike and into the streets. | flood in a town
A chef decorates a plate with green leaves. | cook garnishing a dish
An astronaut floats outside the station. | spacewalk in orbit
A nurse gives an old man an injection. | vaccination of a senior
Cows cross a country lane in the evening. | cattle walking over a road
A runner falls just before the finish line. | athlete stumbles at the end of the race
A mechanic lies under a lorry with a spanner. | repairing a truck
A potter shapes a bowl on the wheel. | making ceramics by hand
A judge enters the room and everybody stands up. | court session begins
Fireworks burst over the harbour at midnight. | pyrotechnics at night
A woman plants tomatoes in her garden. | growing vegetables at home
A whale rises out of the water and falls back. | huge marine mammal leaping
A man shaves in front of a bathroom mirror. | removing a beard in the morning
A shop assistant scans bottles at the till. | supermarket checkout
A tailor measures a customer's shoulders. | clothes being fitted to size
A boy rides his bicycle without holding the handlebars. | child cycling hands-free
A fisherman pulls a full net into his boat. | catching fish at sea
A group sits around a campfire and sings. | friends making music by the flames outside
A painter stands on a ladder and whitens a wall. | decorating a room with a brush
A vet listens to a rabbit's heart. | doctor examining a pet
A goalkeeper dives to the left and catches the penalty. | the keeper saves the shot
A lorry unloads gravel at the roadside. | truck tipping stones
A bee lands on a lavender flower. | insect collecting pollen
A man proposes with a ring at the top of a tower. | asking for someone's hand in marriage
A librarian puts volumes back onto the shelf. | returning books to their place
A skier loses a pole on the steep slope. | winter sports on the mountain
A child hides behind a curtain, giggling. | hide and seek
A prisoner walks in a small yard surrounded by walls. | inmate outside his cell
Passengers queue before the security gate with their bags. | airport control line
A drummer throws his stick into the air and catches it. | percussionist showing a trick
A woman weeps at an open grave. | mourning at a funeral
A magician pulls a dove out of a hat. | illusionist performs with a bird
A guide points at a painting and talks to visitors. | tour in a museum
A toddler smears soup all over his face. | messy eating little boy
An excavator tears down a chimney. | demolition of an industrial building
Two boxers touch gloves before the bell. | fight is about to start in the ring
A gardener trims a hedge into the form of a peacock. | cutting a bush into a figure
A hawk circles above the valley. | bird of prey in flight
A hairdresser dyes a customer's hair blue. | changing colour at the salon
Ducklings follow their mother across a pond. | baby birds swimming in a row
A man carries a sofa up a narrow staircase. | moving furniture into a flat
An orchestra bows to the applauding audience. | end of a classical concert
A blacksmith hammers glowing iron. | forging hot metal
A monkey steals a banana from a tourist. | ape takes fruit from a traveller
A woman meditates with closed eyes on a mat. | yoga practice
Pupils run out of the gate when the bell rings. | school is over for the day
A coach shouts at his team in the changing room. | angry trainer with players
A lighthouse flashes in thick fog. | beacon on the coast in mist
A policeman stops a van and asks for papers. | officer controls a driver
A weather map shows sun in the south. | the weather forecast
A scuba instructor checks a pupil's air tank. | teaching someone to dive
A grandmother knits a scarf by the stove. | old lady making something of wool
Spectators do the wave in a packed stadium. | fans cheering in the arena
A rocket leaves the launch pad in a cloud of smoke. | start of a spaceship
A man slips on a wet floor and drops a tray. | somebody falls and lets go of what he carries
A sculptor knocks pieces off a marble block. | artist carving stone
A river otter cracks a shell on its belly. | furry animal opening a mussel
A woman pays with coins at a vending machine. | buying a drink from an automat
Volunteers collect plastic bottles along the shore. | cleaning up litter by the sea
A little girl feeds carrots to a pony. | child giving food to a horse
A cable car glides over the forest. | gondola above the trees
A conductor checks tickets in the corridor. | inspection on the train
A man with a headset speaks before an audience with slides. | presentation at a conference
A glider is towed into the sky by a small plane. | sailplane taking off
A couple argues loudly in the kitchen. | husband and wife having a quarrel
A crane lifts a container from a ship. | cargo being unloaded in the port
A student falls asleep over her notes. | tired pupil in the library
A beekeeper in a veil opens a hive. | looking after honey bees
A carpenter saws a plank in two. | woodworking
A tightrope walker crosses between two roofs. | balancing on a wire high above the ground
"""
PAIRS = [(caption, asked) for caption, _, asked in (line.partition(" | ") for line in _LINES.strip().splitlines())]
"""caption, paraphrase"""
