/**
 * The cores of passwords that lists of leaked passwords begin with: what is left of them in lower case, without digits and
 * signs at either end. A password of twelve characters that is one of these in decoration is refused.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `password passwort passphrase passwords mypassword yourpassword newpassword thepassword passwordpassword letmein letmeinnow
   qwerty qwertz azerty qwertyuiop qwertyuiopasdfghjkl asdfghjkl asdfghjklzxcvbnm zxcvbnm qwertyqwerty qazwsx qazwsxedc
   qazwsxedcrfv qwaszx poiuytrewq lkjhgfdsa mnbvcxz abcdef abcdefgh abcdefghij abcdefghijkl abc abcd abcabc aaaaaa aaaaaaaaaaaa
   admin administrator adminadmin administrador root rootroot superuser sysadmin superadmin manager default changeme changemenow
   changeit secret secrets topsecret supersecret mysecret welcome welcomehome welcomeback hello helloworld hellohello login loginlogin
   guest test testing tester testtest demo user username iloveyou iloveu iloveyouforever loveyou lovelove iloveme monkey dragon
   dragonball football baseball basketball soccer hockey superman batman spiderman ironman starwars pokemon naruto mustang corvette
   ferrari porsche mercedes harley yamaha shadow master masterkey princess sunshine flower butterfly chocolate cookie cheese
   pepper ginger buster charlie michael jordan jennifer jessica michelle ashley daniel andrew matthew joshua robert thomas
   hunter ranger killer trustno trustnoone whatever freedom liberty computer internet samsung google facebook microsoft windows
   apple linkedin instagram twitter youtube amazon server database oracle mysql postgres postern correcthorsebatterystaple
   summer winter spring autumn january february march april june july august september october november december monday friday
   sommer winterzeit geheim hallo hallohallo schatz passwortpasswort kennwort willkommen fussball arsenal liverpool chelsea
   barcelona realmadrid juventus manchester london berlin paris newyork america canada australia germany france brasil
   letmeinplease openthedoor opensesame accessgranted company companyname business enterprise security securepassword
   strongpassword goodpassword complexpassword temporary temppassword temp initial initialpassword firstpassword`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
